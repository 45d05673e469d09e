#include "bench/ops_text.h"

#include <omp.h>

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "core/check.h"
#include "dagan/data/file.h"
#include "dagan/report/table.h"

namespace dagan::bench {
namespace {

using Json = nlohmann::ordered_json;
using Number = std::optional<double>;

struct Column {
  const char* name;     // in CSV and JSON
  const char* heading;  // in a table: with its unit
  int digits;           // significant ones
  Number (*value)(const OpResult&);
};

Number where(bool holds, double value) { return holds ? Number(value) : std::nullopt; }

const Column kColumns[] = {
    {"error", "error", 2, [](const OpResult& r) { return where(r.verified, r.error); }},
    {"seconds", "us", 4, [](const OpResult& r) { return where(r.seconds > 0, r.seconds); }},
    {"speedup", "x table", 3, [](const OpResult& r) { return where(r.speedup > 0, r.speedup); }},
    {"gflop_s", "GFLOP/s", 4,
     [](const OpResult& r) { return where(r.seconds > 0, r.flop / r.seconds / 1e9); }},
    {"gb_s", "GB/s", 4,
     [](const OpResult& r) { return where(r.seconds > 0, r.bytes / r.seconds / 1e9); }},
    {"limit_percent", "limit %", 3,
     [](const OpResult& r) { return where(r.seconds > 0, 100 * r.least_seconds / r.seconds); }},
};

std::string significant(Number value, int digits) {
  if (!value) return "-";
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%.*g", digits, *value);
  std::ostringstream out;  // never with an exponent, unless it is small
  if (*value < 1e-3 || !(*value < 1e6)) return buffer;
  out << std::stod(buffer);
  return out.str();
}

Number earlier_ratio(const OpResult& r, const Earlier& earlier) {
  const auto found = earlier.find(key_of(r));
  if (found == earlier.end() || r.seconds == 0) return std::nullopt;
  return found->second / r.seconds;
}

std::string verdict(const OpResult& r) { return r.failure.empty() ? "ok" : "WRONG"; }

std::vector<std::string> headings(const OpsRequest& request, const Earlier& earlier) {
  std::vector<std::string> result = {"problem", "version"};
  if (request.verify) result.push_back("result");
  for (const Column& column : kColumns) result.push_back(text(">", column.heading));
  if (!earlier.empty()) result.push_back(">x earlier");
  return result;
}

std::vector<std::string> cells(const OpsRequest& request, const OpResult& r,
                               const Earlier& earlier) {
  std::vector<std::string> result = {r.problem, r.version + (r.in_table ? " *" : "")};
  if (request.verify) result.push_back(verdict(r));
  for (const Column& column : kColumns) {
    Number value = column.value(r);
    if (value && std::string_view(column.name) == "seconds") *value *= 1e6;
    result.push_back(significant(value, column.digits));
  }
  if (!earlier.empty()) result.push_back(significant(earlier_ratio(r, earlier), 3));
  return result;
}

std::string markdown(const OpsRequest& request, const OpsReport& report, const Earlier& earlier) {
  std::ostringstream out;
  std::string rule = "|";
  out << "|";
  for (const std::string& heading : headings(request, earlier)) {
    const bool right = heading.starts_with('>');
    out << ' ' << heading.substr(right) << " |";
    rule += right ? " ---: |" : " --- |";
  }
  out << '\n' << rule << '\n';
  for (const OpResult& r : report.results) {
    out << '|';
    for (const std::string& cell : cells(request, r, earlier)) out << ' ' << cell << " |";
    out << '\n';
  }
  return out.str();
}

std::string csv(const OpsReport& report, const Earlier& earlier) {
  std::ostringstream out;
  out << "op,problem,version,in_table,result";
  for (const Column& column : kColumns) out << ',' << column.name;
  out << ",earlier_ratio\n";
  const auto field = [](Number value) { return value ? significant(*value, 6) : std::string(); };
  for (const OpResult& r : report.results) {
    const std::string result = r.failure.empty() && r.verified ? "ok" : r.failure;
    out << r.op << ',' << csv_field(r.problem) << ',' << r.version << ',' << r.in_table << ','
        << csv_field(result);
    for (const Column& column : kColumns) out << ',' << field(column.value(r));
    out << ',' << field(earlier_ratio(r, earlier)) << '\n';
  }
  return out.str();
}

std::string json(const OpsRequest& request, const OpsReport& report, const Earlier& earlier) {
  const ModelShape& m = request.model;
  Json all = {{"device", request.backend->name},
              {"threads", omp_get_max_threads()},
              {"size", m.size},
              {"channels", m.channels},
              {"width", m.width},
              {"batch", m.batch},
              {"missing", report.missing},
              {"results", Json::array()}};
  for (const OpResult& r : report.results) {
    Json row = {{"op", r.op},           {"problem", r.problem},
                {"version", r.version}, {"in_table", r.in_table},
                {"flop", r.flop},       {"bytes", r.bytes}};
    if (request.verify) row["failure"] = r.failure;
    for (const Column& column : kColumns)
      if (const Number value = column.value(r)) row[column.name] = *value;
    if (const Number ratio = earlier_ratio(r, earlier)) row["earlier_ratio"] = *ratio;
    all["results"].push_back(std::move(row));
  }
  return all.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string key_of(const OpResult& r) { return text(r.op, ' ', r.problem, ' ', r.version); }

Earlier parse_earlier(const std::string& text_of_file, const std::string& file,
                      const std::string& device) {
  Earlier earlier;
  try {
    const Json report = Json::parse(text_of_file);
    check(Fault::data, report.at("device") == device, file, ": is of another device than ", device);
    for (const Json& row : report.at("results")) {
      const OpResult r = {
          .op = row.at("op"), .version = row.at("version"), .problem = row.at("problem")};
      const double seconds = row.value("seconds", 0.0);
      if (std::isfinite(seconds) && seconds > 0) earlier[key_of(r)] = seconds;
    }
  } catch (const Json::exception&) {
    fail(Fault::data, file, ": no report of dagan bench --format json");
  }
  check(Fault::data, !earlier.empty(), file, ": has no times to compare with");
  return earlier;
}

std::string ops_text(const OpsRequest& request, const OpsReport& report, const Earlier& earlier,
                     const std::string& format) {
  if (format == "json") return json(request, report, earlier);
  if (format == "csv") return csv(report, earlier);
  if (format == "md") return markdown(request, report, earlier);
  Table table(headings(request, earlier));
  for (const OpResult& r : report.results) table.add(cells(request, r, earlier));
  std::ostringstream out;
  out << table;
  return out.str();
}

}  // namespace dagan::bench
