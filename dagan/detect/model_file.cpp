#include "dagan/detect/model_file.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "core/safetensors.h"
#include "dagan/data/file.h"
#include "dagan/model/discriminator.h"
#include "dagan/model/generator.h"
#include "dagan/recipe/configure.h"
#include "dagan/recipe/recipe_table.h"

namespace dagan {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr const char* kFormat = "dagan.model/1";
constexpr const char* kContents = "data.contents";

// The networks that a score reads, recorded without a pass: their parts name the file's tensors.
struct Networks {
  Networks(const ModelInfo& info, Weights weights) {
    const Residual residual = info.scoring().residual;
    if (residual != Residual::discriminator) {
      Parameters& p = all.emplace_back(tape, "generator", Phase::evaluation, weights);
      Generator(p, info.architecture());
    }
    if (residual != Residual::generator) {
      Parameters& p = all.emplace_back(tape, "discriminator", Phase::evaluation, weights);
      Discriminator(p, info.architecture());
    }
  }

  Tape tape;
  std::vector<Parameters> all;

  // Calls f(part, its flat value) for every parameter and statistic.
  template <class F>
  void for_each(F f) const {
    for (const Parameters& p : all) {
      for (const Tensor& t : p.all()) f(t, p.flat());
      for (const Tensor& t : p.statistics()) f(t, p.flat_statistics());
    }
  }

  // Store entries that are tensors of the file as they are.
  std::vector<std::string> maps(const Scoring& scoring) const {
    std::vector<std::string> names;
    for (const Parameters& p : all) {
      if (!scoring.standardise) break;
      names.push_back(p.network() + ".residual.mean");
      names.push_back(p.network() + ".residual.spread");
    }
    return names;
  }
};

Json preprocessing_to_json(const Preprocessing& p) {
  return {{"size", p.size},
          {"channels", p.channels},
          {"low", p.levels.low},
          {"high", p.levels.high},
          {"bits", p.dtype == DType::u16 ? 16 : 8},
          {"height", p.height},
          {"width", p.width}};
}

Preprocessing preprocessing_from_json(const Json& json) {
  Preprocessing p;
  p.size = json.at("size").get<std::int64_t>();
  p.channels = json.at("channels").get<std::int64_t>();
  p.levels = {json.at("low").get<float>(), json.at("high").get<float>()};
  p.dtype = json.at("bits").get<int>() == 16 ? DType::u16 : DType::u8;
  p.height = json.at("height").get<std::int64_t>();
  p.width = json.at("width").get<std::int64_t>();
  return p;
}

Metadata metadata_of(const ModelInfo& info) {
  return {{"format", kFormat},
          {"recipe", write_recipe(info.recipe)},
          {"preprocessing", preprocessing_to_json(info.preprocessing).dump()},
          {"validation_scores", Json(info.validation_scores).dump()},
          {"threshold", Json(info.threshold).dump()},
          {"max_false_reject", Json(info.max_false_reject).dump()}};
}

std::string required(const Metadata& metadata, const std::string& key, const std::string& name) {
  const auto found = metadata.find(key);
  check(Fault::model, found != metadata.end(), name, ": its metadata has no ", key);
  return found->second;
}

void read_metadata(Model& model, const Metadata& metadata, const std::string& name) {
  const std::string format = required(metadata, "format", name);
  check(Fault::model, format == kFormat, name, ": is of format ", Json(format).dump(),
        ", but this program reads ", kFormat, "; use the program that wrote it, or train again");
  model.recipe = parse_recipe(required(metadata, "recipe", name), name, Fault::model);
  try {
    model.preprocessing =
        preprocessing_from_json(Json::parse(required(metadata, "preprocessing", name)));
    model.validation_scores =
        Json::parse(required(metadata, "validation_scores", name)).get<std::vector<float>>();
    model.threshold = Json::parse(required(metadata, "threshold", name)).get<float>();
    model.max_false_reject =
        Json::parse(required(metadata, "max_false_reject", name)).get<double>();
  } catch (const Json::exception& e) {
    fail(Fault::model, name, ": its metadata is damaged (", e.what(), ")");
  }
  const Preprocessing& p = model.preprocessing;
  check(Fault::model,
        p.size == model.recipe.data.size && (p.channels == 1 || p.channels == 3) &&
            p.levels.high > p.levels.low,
        name, ": its preprocessing does not fit its recipe");
  try {
    check_recipe(model.recipe);
    check_architecture(model.architecture());
    check_scoring(model.scoring());
  } catch (const Error& e) {
    fail(Fault::model, name, ": its recipe cannot be used: ", e.what());
  }
}

// Where a tensor of the file belongs: an entry of the store, and how many bytes in.
struct Destination {
  std::string entry;
  Shape shape;  // of the entry
  std::size_t offset = 0;
};

// Of all tensors that the model needs; Fault::model unless the file has them. Before memory is taken
// for any: a recipe can ask for more than the file holds.
std::map<std::string, Destination> destinations_of(const ModelInfo& model,
                                                   const Safetensors& content) {
  const auto require = [&](const std::string& key, Shape shape) {
    const NamedTensor& t = content.find(key);
    check(Fault::model, t.shape == shape && t.dtype == DType::f32, content.source, ": ", key,
          " is ", t.shape, ", but its recipe needs ", shape);
  };
  std::map<std::string, Destination> result;
  const Networks networks(model, Weights::live);
  networks.for_each([&](Tensor part, Tensor flat) {
    require(part.name(), part.shape());
    result[part.name()] = {flat.name(), flat.shape(),
                           std::size_t(networks.tape[part].offset) * sizeof(float)};
  });
  const Shape map_shape = {1, model.recipe.data.size, model.recipe.data.size, 1};
  for (const std::string& entry : networks.maps(model.scoring())) {
    require(entry, map_shape);
    result[entry] = {entry, map_shape};
  }
  const NamedTensor& contents = content.find(kContents);
  const Shape rows = {contents.shape.n, 1, 1, 32};
  check(Fault::model, contents.shape == rows && contents.dtype == DType::u8, content.source,
        ": its ", kContents, " is ", contents.shape, ", but must be ", rows);
  return result;
}

}  // namespace

Architecture ModelInfo::architecture() const {
  return architecture_of(recipe, preprocessing.channels);
}

Scoring ModelInfo::scoring() const { return scoring_of(recipe); }

void save_model(const fs::path& file, const ModelInfo& info, const Store& store, Weights weights) {
  const Networks networks(info, weights);
  Safetensors content{metadata_of(info), {}};
  std::vector<std::vector<std::byte>> copies;
  std::vector<std::span<const std::byte>> pieces(1);
  const auto add = [&](const std::string& name, DType dtype, Shape shape,
                       std::span<const std::byte> bytes) {
    content.tensors.push_back({name, dtype, shape, bytes});
    pieces.push_back(bytes);
  };
  networks.for_each([&](Tensor part, Tensor flat) {
    const std::span<const std::byte> all = store.host_bytes(flat.name(), copies);
    add(part.name(), DType::f32, part.shape(),
        all.subspan(std::size_t(networks.tape[part].offset) * sizeof(float),
                    std::size_t(part.shape().size()) * sizeof(float)));
  });
  for (const std::string& name : networks.maps(info.scoring())) {
    add(name, DType::f32, store.view(name).shape, store.host_bytes(name, copies));
  }
  add(kContents, DType::u8, {std::int64_t(info.contents.size()), 1, 1, 32},
      std::as_bytes(std::span(info.contents)));
  const std::string header = safetensors_header(content);
  pieces[0] = std::as_bytes(std::span(header));
  write_file(file, pieces, Durability::synced);
}

fs::path model_path(const fs::path& run_or_file) {
  std::error_code error;
  if (!fs::is_directory(run_or_file, error)) return run_or_file;
  const fs::path file = run_or_file / "model.dagan";
  check(Fault::model, fs::exists(file, error), shown(run_or_file),
        ": holds no model.dagan; name a finished run, or finish this one with `dagan train --out ",
        shown(run_or_file), " --resume`");
  return file;
}

Model load_model(const fs::path& run_or_file, const Backend& backend,
                 const std::function<void(const ModelInfo&)>& known) {
  const fs::path file = model_path(run_or_file);
  const std::string name = shown(file);
  std::error_code error;
  check(Fault::model, fs::exists(file, error), name, ": there is no such model; check the path");
  FileReader bytes(file);
  SafetensorsReader reader([&](std::span<std::byte> to) { bytes.read(to); }, bytes.size(), name);
  const Safetensors& content = reader.content();

  Model model;
  model.file = file;
  read_metadata(model, content.metadata, name);
  model.fingerprint = required(content.metadata, "checksum", name);
  model.store = std::make_unique<Store>(backend.runtime);
  const std::map<std::string, Destination> destinations = destinations_of(model, content);
  if (known) known(model);
  for (const NamedTensor& t : content.tensors) {
    const auto fill = [&](std::span<std::byte> to) { reader.next(to); };
    const auto found = destinations.find(t.name);
    if (t.name == kContents) {
      model.contents.resize(std::size_t(t.shape.n));
      fill(std::as_writable_bytes(std::span(model.contents)));
    } else if (found == destinations.end()) {
      reader.skip();
    } else {
      const auto& [entry, shape, offset] = found->second;
      model.store->entry(entry, shape);
      model.store->fill_part(entry, offset, t.size(), fill);
    }
  }
  reader.finish();
  return model;
}

}  // namespace dagan
