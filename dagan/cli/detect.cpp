#include <iostream>
#include <memory>
#include <optional>
#include <span>

#include "dagan/cli/commands.h"
#include "dagan/cli/inputs.h"
#include "dagan/cli/options.h"
#include "dagan/cli/output.h"
#include "dagan/cli/pictures.h"
#include "dagan/cli/records.h"
#include "dagan/data/file.h"
#include "dagan/data/jobs.h"
#include "dagan/detect/detector.h"
#include "dagan/detect/threshold.h"
#include "kernels/backend.h"

namespace dagan {
namespace {

constexpr std::size_t kChunk =
    16;  // images decoded in the background while the ones before are judged

// Some inputs, decoded and preprocessed by background threads from the moment that they are made.
class Chunk {
 public:
  Chunk(std::span<const Input> some, const Preprocessing& how, bool keep_images)
      : inputs(some),
        images(inputs.size()),
        pixels(inputs.size() * std::size_t(how.elements())),
        errors(inputs.size()),
        jobs_(inputs.size(),
              [this, how, keep_images](std::size_t i) { load(i, how, keep_images); }) {}

  void wait() { jobs_.wait_all(); }

  const std::span<const Input> inputs;
  std::vector<Image> images;        // as in the file, if they are kept
  std::vector<float> pixels;        // (N,size,size,channels), zeros where there is an error
  std::vector<std::string> errors;  // empty: none

 private:
  void load(std::size_t i, const Preprocessing& how, bool keep_image) {
    try {
      Image image = read_image(inputs[i].file);
      preprocess(image, how, pixels.data() + i * std::size_t(how.elements()),
                 shown(inputs[i].file));
      if (keep_image) images[i] = std::move(image);
    } catch (const Error& error) {
      errors[i] = error.what();
    }
  }

  Jobs jobs_;
};

// All inputs in their order, a chunk at a time, while the one that follows is being decoded.
class Chunks {
 public:
  Chunks(std::span<const Input> inputs, const Preprocessing& how, bool keep_images)
      : rest_(inputs), how_(how), keep_images_(keep_images) {
    start();
  }

  // The next one, decoded; null after the last.
  std::unique_ptr<Chunk> next() {
    std::unique_ptr<Chunk> chunk = std::move(ahead_);
    if (chunk) {
      chunk->wait();
      start();
    }
    return chunk;
  }

 private:
  void start() {
    if (rest_.empty()) return;
    const std::size_t count = std::min(kChunk, rest_.size());
    ahead_ = std::make_unique<Chunk>(rest_.first(count), how_, keep_images_);
    rest_ = rest_.subspan(count);
  }

  std::span<const Input> rest_;
  Preprocessing how_;
  bool keep_images_;
  std::unique_ptr<Chunk> ahead_;
};

// Where the lines go: standard output at once, or a file that appears complete.
class Sink {
 public:
  explicit Sink(std::string file) : file_(std::move(file)) {}

  void write(const std::string& lines) {
    if (file_.empty()) {
      std::cout << lines;
      finish_standard_output();
    } else {
      content_ += lines;
    }
  }

  void finish() {
    if (!file_.empty()) write_file(file_, content_);
  }

 private:
  std::string file_, content_;
};

struct Counts {
  std::size_t ok = 0, ng = 0, error = 0;
};

Record judge(const Input& input, const std::string& error, const Detector::Result& result,
             const Model& model, float threshold) {
  Record record{.path = input.file, .error = error, .threshold = threshold};
  if (!error.empty()) return record;
  record.defective = is_defective(result.score, threshold);
  record.score = result.score;
  record.ratio = score_ratio(result.score, threshold);
  record.p_value = p_value(model.validation_scores, result.score);
  return record;
}

Counts judge_all(const Arguments& arguments, const Model& model, const Backend& backend,
                 const std::vector<Input>& inputs, Chunks& chunks) {
  const std::string format = arguments.text("--format");
  const float threshold =
      arguments.has("--threshold") ? float(arguments.number("--threshold")) : model.threshold;
  const Pictures pictures(arguments.text("--heatmap"), arguments.text("--overlay"),
                          model.preprocessing.levels, threshold);
  pictures.check_replace_none(inputs);
  Counts counts;
  Detector detector(model, backend, std::int64_t(std::min(kChunk, inputs.size())),
                    inputs.size() <= kChunk ? Runs::once : Runs::often);
  Sink sink(arguments.text("--output"));
  sink.write(record_header(format));
  while (const std::unique_ptr<Chunk> chunk = chunks.next()) {
    const std::vector<Detector::Result> results = detector(chunk->pixels);
    std::string lines;
    for (std::size_t i = 0; i < results.size(); ++i) {
      const Record record = judge(chunk->inputs[i], chunk->errors[i], results[i], model, threshold);
      lines += record_line(record, format);
      (!record.error.empty() ? counts.error : record.defective ? counts.ng : counts.ok) += 1;
      if (record.error.empty())
        pictures.write(chunk->inputs[i].label, chunk->images[i], results[i].map);
    }
    sink.write(lines);
  }
  sink.finish();
  return counts;
}

}  // namespace

int run_detect(const Arguments& arguments) {
  const Backend& backend = backend_named(arguments.text("--device"));
  const bool keep_images = arguments.has("--heatmap") || arguments.has("--overlay");
  std::vector<Input> inputs;
  std::optional<Chunks> chunks;
  // The first pictures are decoded while the weights are read.
  const auto start = [&](const ModelInfo& info) {
    inputs = expand_inputs(arguments.list("input"), std::cin);
    chunks.emplace(inputs, info.preprocessing, keep_images);
  };
  const Model model = load_model(arguments.text("model"), backend, start);
  const Counts counts = judge_all(arguments, model, backend, inputs, *chunks);
  if (!arguments.has("--quiet")) {
    std::cerr << counts.ok << " ok, " << counts.ng << " ng, " << counts.error << " unreadable\n";
  }
  if (counts.error > 0) return int(Fault::data);
  return counts.ng > 0 && arguments.text("--fail-on") == "ng" ? int(Fault::gate) : 0;
}

}  // namespace dagan
