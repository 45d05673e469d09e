// The result of an evaluation as JSON, as a table and as CSV.
#include <nlohmann/json.hpp>
#include <sstream>

#include "dagan/cli/evaluation.h"
#include "dagan/cli/output.h"
#include "dagan/data/file.h"
#include "dagan/detect/threshold.h"
#include "dagan/report/table.h"

namespace dagan {
namespace {

using Json = nlohmann::ordered_json;
using Number = std::optional<double>;
using Range = std::optional<Interval>;

struct Metric {
  const char* name;
  Number (*value)(const Evaluation&, const Model&);
  Range (*interval)(const Evaluation&);  // null: a number of the model, which has none
};

const Metric kMetrics[] = {
    {"image_auroc", [](const Evaluation& e, const Model&) { return e.image_auroc; },
     [](const Evaluation& e) { return e.image_intervals.auroc; }},
    {"average_precision", [](const Evaluation& e, const Model&) { return e.average_precision; },
     [](const Evaluation& e) { return e.image_intervals.average_precision; }},
    {"pixel_auroc", [](const Evaluation& e, const Model&) { return e.pixel_auroc; },
     [](const Evaluation& e) { return e.pixel_intervals.auroc; }},
    {"aupro", [](const Evaluation& e, const Model&) { return e.aupro; },
     [](const Evaluation& e) { return e.pixel_intervals.aupro; }},
    {"false_reject_rate",
     [](const Evaluation& e, const Model&) { return e.confusion.false_reject_rate(); },
     [](const Evaluation& e) { return e.image_intervals.false_reject_rate; }},
    {"escape_rate", [](const Evaluation& e, const Model&) { return e.confusion.escape_rate(); },
     [](const Evaluation& e) { return e.image_intervals.escape_rate; }},
    {"threshold", [](const Evaluation&, const Model& m) { return Number(decimal(m.threshold)); },
     nullptr},
    {"max_false_reject",
     [](const Evaluation&, const Model& m) { return Number(m.max_false_reject); }, nullptr},
};

Json json_of(const Number& value) { return value ? Json(*value) : Json(); }

std::string defined(const Number& value) { return value ? fixed(value, 4) : "undefined"; }

}  // namespace

std::vector<std::string> metric_names() {
  std::vector<std::string> names;
  for (const Metric& metric : kMetrics) names.push_back(metric.name);
  return names;
}

Number metric(const Evaluation& e, const Model& model, const std::string& name) {
  for (const Metric& metric : kMetrics) {
    if (name == metric.name) return metric.value(e, model);
  }
  fail(Fault::bug, "[eval] there is no metric ", name);
}

std::string evaluation_json(const Evaluation& e, const Model& model) {
  Json json;
  for (const Metric& metric : kMetrics) json[metric.name] = json_of(metric.value(e, model));
  for (const Metric& metric : kMetrics) {
    const Range range = metric.interval ? metric.interval(e) : std::nullopt;
    if (metric.interval) {
      json["intervals"][metric.name] = range ? Json{range->low, range->high} : Json();
    }
  }
  const Confusion& c = e.confusion;
  json["counts"] = {{"good", c.good()},
                    {"defect", c.defects()},
                    {"masks", e.masks},
                    {"good_accepted", c.good_accepted},
                    {"good_rejected", c.good_rejected},
                    {"defect_accepted", c.defect_accepted},
                    {"defect_rejected", c.defect_rejected}};
  json["per_type"] = Json::array();
  for (const TypeMetrics& type : e.types) {
    json["per_type"].push_back({{"type", type.type},
                                {"count", type.count},
                                {"escapes", type.escapes},
                                {"escape_rate", type.escape_rate},
                                {"image_auroc", json_of(type.auroc)}});
  }
  json["oracle_f1"] =
      e.oracle ? Json{{"f1", e.oracle->f1}, {"threshold", decimal(e.oracle->threshold)}} : Json();
  json["seed"] = model.recipe.train.seed;
  json["model"] = model.fingerprint;
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string evaluation_table(const Evaluation& e, const Model& model) {
  const Confusion& c = e.confusion;
  std::ostringstream out;
  out << c.good() << " good and " << c.defects() << " defective images, " << e.masks
      << " masks\n\n";

  Table metrics({"", ">value", "95 % interval"});
  for (const Metric& metric : kMetrics) {
    if (!metric.interval) continue;
    metrics.add({metric.name, defined(metric.value(e, model)), range(metric.interval(e), 4)});
  }
  out << metrics << "\nAt the threshold " << number_text(model.threshold) << ", set from "
      << model.validation_scores.size() << " good images to reject at most "
      << percent(model.max_false_reject) << " of the good ones:\n";
  Table decisions({"", ">accepted", ">rejected", ">wrong"});
  const auto count = [](std::int64_t n) { return std::to_string(n); };
  decisions.add(
      {"good", count(c.good_accepted), count(c.good_rejected), percent(c.false_reject_rate())});
  decisions.add(
      {"defective", count(c.defect_accepted), count(c.defect_rejected), percent(c.escape_rate())});
  out << decisions;

  Table types({"type", ">images", ">escapes", ">image_auroc"});
  for (const TypeMetrics& type : e.types) {
    types.add({type.type, count(type.count), count(type.escapes), defined(type.auroc)});
  }
  if (!e.types.empty()) out << "\n" << types;
  if (e.oracle) {
    out << "\nThe best F1 that any threshold reaches on this very set is " << fixed(e.oracle->f1, 4)
        << ", at " << number_text(e.oracle->threshold)
        << ":\nchosen with its labels, so a bound and not a threshold to use.\n";
  }
  return std::move(out).str();
}

std::string scores_csv(const Evaluation& e, const Model& model) {
  std::string csv = "path,type,defect,score,threshold,verdict\n";
  for (std::size_t i = 0; i < e.samples.size(); ++i) {
    csv += csv_field(e.samples[i].file.string()) + "," + csv_field(e.samples[i].type) + "," +
           (e.defect[i] ? "1," : "0,") + number_text(e.scores[i]) + "," +
           number_text(model.threshold) +
           (is_defective(e.scores[i], model.threshold) ? ",ng\n" : ",ok\n");
  }
  return csv;
}

}  // namespace dagan
