#include <algorithm>
#include <fstream>
#include <iostream>
#include <numeric>

#include "dagan/cli/commands.h"
#include "dagan/cli/evaluation.h"
#include "dagan/cli/gate.h"
#include "dagan/cli/options.h"
#include "dagan/cli/pictures.h"
#include "dagan/data/file.h"
#include "dagan/train/run_folder.h"
#include "kernels/backend.h"

namespace dagan {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kWorst =
    12;  // pictures of the worst images, for good and defective ones each

// The folder given, else the one that the run was trained on.
fs::path data_folder(const Arguments& arguments) {
  if (arguments.has("--data")) return arguments.text("--data");
  const fs::path run = model_path(arguments.text("model")).parent_path();
  const fs::path folder = RunFolder(run).data();
  check(Fault::usage, !folder.empty(), shown(run),
        ": does not say which data it was trained on; give --data DIR");
  return folder;
}

// Good images with the highest scores and defective ones with the lowest: where the model is most
// wrong.
std::vector<std::size_t> worst(const Evaluation& e, bool defect) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < e.scores.size(); ++i) {
    if (bool(e.defect[i]) == defect) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return defect ? e.scores[a] < e.scores[b] : e.scores[a] > e.scores[b];
  });
  order.resize(std::min(order.size(), kWorst));
  return order;
}

// Of an earlier evaluation, whose pictures would stand among the new ones.
void remove_worst(const fs::path& folder) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    const bool ours = name.starts_with("good_") || name.starts_with("defect_");
    if (ours && name.ends_with(".png")) fs::remove(entry.path(), error);
  }
}

void write_results(const fs::path& out, const Evaluation& e, const Model& model) {
  const Pictures pictures("", out / "worst", model.preprocessing.levels, model.threshold);
  remove_worst(out / "worst");
  write_file(out / "metrics.json", evaluation_json(e, model) + "\n");
  write_file(out / "results.csv", scores_csv(e, model));
  for (const bool defect : {false, true}) {
    int rank = 0;
    for (const std::size_t i : worst(e, defect)) {
      const fs::path& file = e.samples[i].file;
      ++rank;
      const std::string name = text(defect ? "defect_" : "good_", rank < 10 ? "0" : "", rank, "_",
                                    defect ? e.samples[i].type + "_" : "", file.stem().string());
      pictures.write(name, read_image(file), e.maps[i]);
    }
  }
}

}  // namespace

int run_eval(const Arguments& arguments) {
  std::vector<Requirement> requirements;
  for (const std::string& words : arguments.list("--require")) {
    requirements.push_back(parse_requirement(words, metric_names()));
  }
  const Backend& backend = backend_named(arguments.text("--device"));
  const Model model = load_model(arguments.text("model"), backend);
  const fs::path folder = data_folder(arguments);
  const Dataset dataset = find_dataset(folder);
  if (!arguments.has("--quiet")) {
    std::cerr << shown(folder) << ": " << dataset.description << std::endl;
  }
  const Evaluation e = evaluate(model, require_test(dataset, folder), backend);

  const bool json = arguments.text("--format") == "json";
  std::cout << (json ? evaluation_json(e, model) + "\n" : evaluation_table(e, model)) << std::flush;
  if (arguments.has("--out")) write_results(arguments.text("--out"), e, model);
  const auto failures =
      unmet(requirements, [&](const std::string& name) { return metric(e, model, name); });
  for (const std::string& sentence : failures) std::cerr << "dagan: " << sentence << "\n";
  return failures.empty() ? 0 : int(Fault::gate);
}

}  // namespace dagan
