#include "dagan/train/trainer.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "dagan/data/file.h"
#include "dagan/detect/calibrate.h"
#include "dagan/detect/model_file.h"
#include "dagan/detect/threshold.h"
#include "dagan/recipe/configure.h"
#include "dagan/recipe/recipe_table.h"
#include "dagan/train/checkpoint.h"
#include "dagan/train/health.h"
#include "dagan/train/run_folder.h"
#include "dagan/train/sample_sheet.h"
#include "dagan/train/sampler.h"
#include "dagan/train/stop.h"
#include "dagan/train/training_data.h"

namespace dagan {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

constexpr std::size_t kProbes = 8;                // images of the sample sheet
constexpr std::int64_t kCollapseCheckFrom = 100;  // steps: before that, a flat picture is usual
constexpr std::int64_t kScoreBatch = 16;

class Training {
 public:
  Training(const TrainOptions& options, Observer& observer)
      : options_(options),
        folder_(options.out),
        recipe_(options.resume ? load_recipe(folder_.recipe().string()) : options.recipe),
        observer_(observer),
        store_(options.backend->runtime) {
    check_recipe(recipe_);
    data_ = load_training_data(data_folder(), recipe_, observer);
    data_.resolve_flips(recipe_, observer);
    const std::int64_t channels = data_.preprocessing().channels;
    step_.emplace(step_options_of(recipe_, channels));
    step_->initialise(store_, std::uint64_t(recipe_.train.seed), float(recipe_.model.init));
    program_.emplace(step_->tape(), *options.backend, store_);
    Scoring scoring = scoring_of(recipe_);
    scoring.standardise = false;  // there is nothing to standardise by before training ends
    scoring.residual = Residual::generator;
    probe_scorer_.emplace(architecture_of(recipe_, channels), scoring, weights_of(recipe_),
                          *options.backend, store_, std::int64_t(kProbes));
    const bool held_back = !data_.split.validation.empty();
    probes_ = data_.gather(held_back ? data_.split.validation : data_.split.training, kProbes);
    sampler_.emplace(std::int64_t(data_.split.training.size()), std::uint64_t(recipe_.train.seed));
    batch_.resize(std::size_t(step_->images().shape().size()));
  }

  void begin() {
    std::int64_t first = 0;
    if (options_.resume) {
      first = restore();
      observer_.message(text("continuing at step ", first, " of ", recipe_.train.steps));
    } else {
      folder_.create(options_.force);
      write_file(folder_.recipe(), write_recipe(recipe_));
      write_file(folder_.source(), std::filesystem::absolute(options_.data).string());
      save(0);
    }
    write_manifest();
    metrics_.emplace(folder_.metrics(), first);
    done_ = first;
  }

  void run() {
    const auto start = Clock::now();
    const std::int64_t first = done_;
    while (done_ < recipe_.train.steps) {
      step();
      report(start, first);
      const bool last = done_ == recipe_.train.steps;
      const bool sample = last || done_ % recipe_.train.sample_every == 0;
      const bool checkpoint = last || done_ % recipe_.train.checkpoint_every == 0;
      if (sample || checkpoint) look(sample);  // before saving: a collapsed state must not be kept
      if (checkpoint) save(done_);
      if (const int signal = stop_requested(); signal != 0 && !last) {
        save(done_);
        throw Interrupted(signal);
      }
    }
  }

  void step() {
    const std::int64_t size = data_.preprocessing().elements();
    for (std::int64_t i = 0; i < recipe_.train.batch; ++i) {
      const std::int64_t pick = sampler_->at(done_ * recipe_.train.batch + i);
      const std::span<const float> image =
          data_.images->image(data_.split.training[std::size_t(pick)]);
      std::copy(image.begin(), image.end(), batch_.begin() + i * size);
    }
    store_.set<std::uint32_t>(TrainingStep::kStep, std::uint32_t(done_));
    store_.set<float>(TrainingStep::kLearningRate,
                      float(learning_rate(schedule_of(recipe_), recipe_.train.learning_rate, done_,
                                          recipe_.train.steps)));
    program_->write<float>(step_->images(), batch_);
    program_->run();
    ++done_;
    check_step({.step = done_,
                .generator_loss = value(step_->generator_loss),
                .discriminator_loss = value(step_->discriminator_loss),
                .generator_finite = finite(step_->generator_finite),
                .discriminator_finite = finite(step_->discriminator_finite)});
  }

  TrainResult finish() {
    const Architecture architecture = architecture_of(recipe_, data_.preprocessing().channels);
    const Scoring scoring = scoring_of(recipe_);
    const Weights weights = weights_of(recipe_);
    {
      const std::vector<float> good =
          data_.gather(data_.split.training, data_.split.training.size());
      calibrate_residual(architecture, scoring, weights, *options_.backend, store_, good);
    }
    ModelInfo info{.recipe = recipe_,
                   .preprocessing = data_.preprocessing(),
                   .validation_scores = {},
                   .max_false_reject = recipe_.detect.max_false_reject,
                   .threshold = 0,
                   .contents = {data_.images->contents().begin(), data_.images->contents().end()}};
    Scorer scorer(architecture, scoring, weights, *options_.backend, store_, kScoreBatch);
    const std::size_t image = std::size_t(data_.preprocessing().elements());
    const std::vector<float> held_back =
        data_.gather(data_.split.validation, data_.split.validation.size());
    for (std::size_t at = 0; at < held_back.size(); at += image * kScoreBatch) {
      scorer(
          std::span(held_back).subspan(at, std::min(image * kScoreBatch, held_back.size() - at)));
      info.validation_scores.insert(info.validation_scores.end(), scorer.scores().begin(),
                                    scorer.scores().end());
    }
    check_scores(done_, info.validation_scores);
    info.threshold = conformal_threshold(info.validation_scores, info.max_false_reject);
    save_model(folder_.model(), info, store_, weights);
    return {.model = folder_.model(),
            .training_images = std::int64_t(data_.split.training.size()),
            .validation_images = std::int64_t(data_.split.validation.size()),
            .threshold = info.threshold,
            .seconds = 0,
            .fingerprint = load_model(folder_.model(), *options_.backend).fingerprint};
  }

 private:
  std::filesystem::path data_folder() const {
    return options_.resume ? folder_.data() : options_.data;
  }

  double value(Tensor t) const { return t ? program_->scalar(t) : 0; }
  bool finite(Tensor t) const { return !t || program_->scalar<std::uint32_t>(t) != 0; }

  void save(std::int64_t step) {
    save_checkpoint(folder_.checkpoint(), store_,
                    {{"format", "dagan.checkpoint/1"},
                     {"step", std::to_string(step)},
                     {"recipe", write_recipe(recipe_)},
                     {"data", data_.fingerprint()}});
  }

  std::int64_t restore() {
    folder_.require_unfinished();
    const std::string name = shown(folder_.checkpoint());
    const Metadata metadata = load_checkpoint(folder_.checkpoint(), store_);
    const auto get = [&](const char* key) {
      const auto found = metadata.find(key);
      check(Fault::model, found != metadata.end(), name, ": its metadata has no ", key);
      return found->second;
    };
    // As recipes, not as text: a key that is newer than the run has its default in both.
    check(Fault::usage, parse_recipe(get("recipe"), name, Fault::model) == recipe_,
          shown(folder_.recipe()),
          ": differs from the recipe that the run began with; undo the change, or start a new run");
    check(Fault::data, get("data") == data_.fingerprint(), shown(data_folder()),
          ": its images are not those that the run began with; start a new run");
    return std::strtoll(get("step").c_str(), nullptr, 10);
  }

  void write_manifest() {
    std::vector<ManifestRow> rows;
    const auto add = [&](const std::vector<std::size_t>& side, const char* name) {
      for (const std::size_t i : side) {
        rows.push_back({data_.images->files()[i], name, data_.images->contents()[i]});
      }
    };
    add(data_.split.training, "training");
    add(data_.split.validation, "validation");
    dagan::write_manifest(folder_.manifest(), rows);
  }

  void report(Clock::time_point start, std::int64_t first) {
    const double seconds = seconds_since(start);
    const double per_step = seconds / double(done_ - first);
    observer_.step({.step = done_,
                    .steps = recipe_.train.steps,
                    .discriminator_loss = value(step_->discriminator_loss),
                    .generator_loss = value(step_->generator_loss),
                    .images_per_second = double(recipe_.train.batch) / per_step,
                    .seconds_left = per_step * double(recipe_.train.steps - done_)});
    if (done_ % recipe_.train.log_every != 0 && done_ != recipe_.train.steps) return;
    nlohmann::ordered_json line = {{"step", done_}};
    const auto add = [&](const char* name, Tensor t) {
      if (t) line[name] = program_->scalar(t);
    };
    add("generator_loss", step_->generator_loss);
    add("generator_reconstruction", step_->generator_reconstruction);
    add("generator_adversarial", step_->generator_adversarial);
    add("discriminator_loss", step_->discriminator_loss);
    add("discriminator_reconstruction", step_->discriminator_reconstruction);
    add("discriminator_adversarial", step_->discriminator_adversarial);
    line["learning_rate"] = store_.read<float>(TrainingStep::kLearningRate)[0];
    line["seconds"] = seconds;
    metrics_->write(line.dump());
  }

  // Checks that the reconstructions of the probe images still differ, and perhaps draws them.
  void look(bool draw) {
    probe_scorer_->read_weights();
    (*probe_scorer_)(probes_);
    const std::size_t count = probe_scorer_->scores().size();
    std::vector<float> reconstructions;
    for (std::size_t i = 0; i < count; ++i) {
      const auto one = probe_scorer_->reconstruction(std::int64_t(i));
      reconstructions.insert(reconstructions.end(), one.begin(), one.end());
    }
    if (done_ >= kCollapseCheckFrom) check_not_collapsed(done_, probes_, reconstructions);
    if (!draw) return;
    write_sample_sheet(folder_.sample(done_), data_.preprocessing().size,
                       data_.preprocessing().channels, probes_, reconstructions);
  }

  const TrainOptions& options_;
  RunFolder folder_;
  Recipe recipe_;
  Observer& observer_;
  Store store_;
  TrainingData data_;
  std::optional<TrainingStep> step_;
  std::optional<Program> program_;
  std::optional<Scorer> probe_scorer_;
  std::optional<Sampler> sampler_;
  std::optional<MetricsLog> metrics_;
  std::vector<float> batch_, probes_;
  std::int64_t done_ = 0;
};

}  // namespace

TrainResult train(const TrainOptions& options, Observer& observer) {
  const auto start = Clock::now();
  if (options.resume) RunFolder(options.out).require_unfinished();
  Training training(options, observer);
  if (options.dry_run) {
    training.step();
    return {};
  }
  training.begin();
  training.run();
  TrainResult result = training.finish();
  result.seconds = seconds_since(start);
  return result;
}

}  // namespace dagan
