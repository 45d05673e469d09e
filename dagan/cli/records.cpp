#include "dagan/cli/records.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "dagan/cli/output.h"
#include "dagan/data/file.h"

namespace dagan {
namespace {

using Json = nlohmann::ordered_json;

std::string csv_line(const Record& record) {
  const bool judged = record.error.empty();
  const auto number = [&](auto value) { return judged ? number_text(value) : std::string(); };
  const std::array<std::string, 7> fields = {csv_field(record.path.string()),
                                             verdict(record),
                                             number(record.score),
                                             number(record.threshold),
                                             record.ratio ? number(*record.ratio) : "",
                                             number(record.p_value),
                                             csv_field(record.error)};
  std::string line;
  for (const std::string& field : fields) line += (line.empty() ? "" : ",") + field;
  return line + "\n";
}

std::string json_line(const Record& record) {
  Json line = {{"path", record.path.string()}, {"verdict", verdict(record)}};
  const bool judged = record.error.empty();
  const auto number = [&](double value) { return judged ? Json(value) : Json(); };
  line["score"] = number(decimal(record.score));
  line["threshold"] = number(decimal(record.threshold));
  line["ratio"] = record.ratio ? number(*record.ratio) : Json();
  line["p_value"] = number(record.p_value);
  line["error"] = judged ? Json() : Json(record.error);
  return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string table_line(const Record& record) {
  if (!record.error.empty())
    return "error                                    " + record.error + "\n";
  char ratio[32] = "-", numbers[80];
  if (record.ratio) std::snprintf(ratio, sizeof ratio, "%.3f", *record.ratio);
  std::snprintf(numbers, sizeof numbers, "%-6s %11.5g %9s %9.4f  ", verdict(record), record.score,
                ratio, record.p_value);
  return numbers + shown(record.path) + "\n";
}

}  // namespace

const char* verdict(const Record& record) {
  return !record.error.empty() ? "error" : record.defective ? "ng" : "ok";
}

std::string record_header(const std::string& format) {
  if (format == "csv") return "path,verdict,score,threshold,ratio,p_value,error\n";
  if (format == "table") return "verdict      score     ratio   p_value  path\n";
  return "";
}

std::string record_line(const Record& record, const std::string& format) {
  if (format == "csv") return csv_line(record);
  if (format == "table") return table_line(record);
  return json_line(record);
}

}  // namespace dagan
