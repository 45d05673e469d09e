#include "dagan/data/synth.h"

#include <algorithm>
#include <cstdio>

#include "core/check.h"
#include "dagan/data/file.h"
#include "dagan/data/synth_parts.h"

namespace dagan {
namespace {

using synth::Colour, synth::kFull, synth::kSide, synth::kUnit, synth::Point, synth::Random;

struct Kind {
  const char* name;
  std::unique_ptr<synth::Surface> (*make)(Random);
};
constexpr Kind kKinds[] = {{"texture", synth::make_weave}, {"stripes", synth::make_stripes}};

struct Flaw {
  const char* name;
  std::unique_ptr<synth::Defect> (*make)(Random);
};
constexpr Flaw kFlaws[] = {{"missing", synth::make_missing},
                           {"scratch", synth::make_scratch},
                           {"spot", synth::make_spot},
                           {"stain", synth::make_stain}};

template <class Table>
std::vector<std::string> names(const Table& table) {
  std::vector<std::string> result;
  for (const auto& row : table) result.push_back(row.name);
  return result;
}

template <class Table>
const auto& find(const Table& table, const char* what, const std::string& name) {
  std::string known;
  for (const auto& row : table) {
    if (name == row.name) return row;
    known += text(known.empty() ? "" : ", ", row.name);
  }
  fail(Fault::usage, "[synth] there is no ", what, " '", name, "': choose one of ", known);
}

void check_options(const SynthOptions& o) {
  find(kKinds, "kind", o.kind);
  check(Fault::usage, o.size >= 32 && o.size <= 2048, "[synth] size ", o.size,
        " is outside 32 to 2048 pixels");
  check(Fault::usage, o.channels == 1 || o.channels == 3, "[synth] ", o.channels,
        " channels: choose 1 (grey) or 3 (colour)");
  check(Fault::usage, o.train >= 0 && o.test_good >= 0 && o.test_defect >= 0,
        "[synth] a number of pictures is negative");
}

// What each picture draws its numbers for.
enum class Purpose : std::uint64_t { surface, light, defect, noise };

Random random_for(const SynthOptions& o, std::int64_t number, Purpose purpose) {
  return {o.seed, std::uint64_t(number) << 8 | std::uint64_t(purpose)};
}

// How bright a place is lit, in 256ths: exposure, a slope and slow variation.
class Light {
 public:
  explicit Light(Random random)
      : exposure_(random.between(240, 272)),
        slope_{random.between(-14, 14), random.between(-14, 14)},
        variation_(random, 60 * kUnit, 60 * kUnit) {}

  std::int32_t at(Point p) const {
    const std::int32_t slope =
        ((p.x - kSide / 2) * slope_.x + (p.y - kSide / 2) * slope_.y) / (kSide / 2);
    return exposure_ + slope + variation_.at(p) * 9 / 256;
  }

 private:
  std::int32_t exposure_;
  Point slope_;
  synth::Field variation_;
};

// Nearly normal, standard deviation 148 * `amount` in 256ths of a grey level: four bytes summed.
std::int32_t sensor_noise(Random& random, std::int32_t amount) {
  const std::uint32_t word = random.word();
  const auto byte = [word](int i) { return std::int32_t(word >> (8 * i) & 255); };
  return (byte(0) + byte(1) + byte(2) + byte(3) - 510) * amount;
}

std::byte to_byte(std::int32_t level) {
  return std::byte(std::clamp(synth::floor_div(level + 128, 256), 0, 255));
}

std::string file_name(std::int64_t number, const char* end) {
  char name[32];
  std::snprintf(name, sizeof name, "%03lld%s", static_cast<long long>(number), end);
  return name;
}

}  // namespace

std::vector<std::string> synthetic_kinds() { return names(kKinds); }
std::vector<std::string> synthetic_defects() { return names(kFlaws); }

SynthPicture synthetic_picture(const SynthOptions& o, std::int64_t number,
                               const std::string& defect) {
  check_options(o);
  const auto surface = find(kKinds, "kind", o.kind).make(random_for(o, number, Purpose::surface));
  const auto flaw =
      defect.empty() ? nullptr
                     : find(kFlaws, "defect", defect).make(random_for(o, number, Purpose::defect));
  const Light light(random_for(o, number, Purpose::light));
  Random noise = random_for(o, number, Purpose::noise);
  SynthPicture result = {make_image({1, o.size, o.size, o.channels}),
                         make_image({1, o.size, o.size, 1})};
  for (std::int64_t i = 0; i < o.size * o.size; ++i) {
    const auto place = [&](std::int64_t pixel) {
      return std::int32_t((2 * pixel + 1) * kSide / (2 * o.size));
    };
    const Point p = {place(i % o.size), place(i / o.size)};
    Colour colour = surface->at(p);
    if (const std::int32_t weight = flaw ? flaw->weight(*surface, p) : 0) {
      colour = flaw->apply(*surface, p, colour, weight);
      result.mask.pixels[std::size_t(i)] = std::byte(weight >= kFull / 4 ? 255 : 0);
    }
    colour = scaled(colour, light.at(p));
    for (std::int64_t c = 0; c < o.channels; ++c)
      result.image.pixels[std::size_t(i * o.channels + c)] =
          to_byte(colour.levels[std::size_t(o.channels == 1 ? 0 : 1 + c)] + sensor_noise(noise, 4));
  }
  return result;
}

void write_synthetic_set(const std::filesystem::path& out, const SynthOptions& o) {
  namespace fs = std::filesystem;
  check_options(o);
  std::error_code error;
  check(Fault::output, !fs::exists(out, error) || fs::is_empty(out, error), "[synth] ", shown(out),
        " holds something already: choose a new folder");
  std::int64_t number = 0;
  const auto folder = [&](const fs::path& name) {
    fs::create_directories(out / name, error);
    check(Fault::output, !error, "[synth] cannot make the folder ", shown(out / name), ": ",
          error.message());
    return out / name;
  };
  const auto write_good = [&](const fs::path& to, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i)
      write_png(to / file_name(i, ".png"), synthetic_picture(o, number++, "").image);
  };
  write_good(folder("train/good"), o.train);
  write_good(folder("test/good"), o.test_good);
  for (const std::string& defect : synthetic_defects()) {
    const fs::path test = folder(fs::path("test") / defect);
    const fs::path truth = folder(fs::path("ground_truth") / defect);
    for (std::int64_t i = 0; i < o.test_defect; ++i) {
      const SynthPicture picture = synthetic_picture(o, number++, defect);
      write_png(test / file_name(i, ".png"), picture.image);
      write_png(truth / file_name(i, "_mask.png"), picture.mask);
    }
  }
}

}  // namespace dagan
