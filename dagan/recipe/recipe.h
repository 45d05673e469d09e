// Everything a training run can be told, with the values of the built-in recipe `default` where a
// recipe file says nothing else. Names, help texts and ranges stand in recipe_table.cpp.
#pragma once
#include <cstdint>
#include <string>

namespace dagan {

struct Recipe {
  struct Data {
    std::int64_t size = 64;         // pixels, height and width of what the networks see
    std::string channels = "auto";  // auto | 1 | 3
    std::string levels = "auto";    // auto | full | LOW:HIGH, the camera values mapped to -1 and 1
    double validation_fraction = 0.15;  // of the good training images, held back
    bool operator==(const Data&) const = default;
  } data;

  struct Model {
    std::string kind = "dagan";  // dagan | unet
    std::int64_t levels = 5;     // stride-2 convolutions from the image to the bottleneck
    std::int64_t width = 16;     // channels of the first level
    double slope = 0.2;          // of LeakyReLU
    bool decoder_norm = true;    // batch norm behind the decoder's transposed convolutions
    double init = 0.02;          // standard deviation of the initial filters
    bool operator==(const Model&) const = default;
  } model;

  struct Loss {
    std::string game = "paper";         // paper | hinge | adae
    std::string turns = "alternating";  // alternating | simultaneous
    std::string norm = "squared";       // squared | absolute
    double adversarial = 0.1;
    double generator = 40;
    double discriminator = 1;
    double margin = 0.02;  // hinge: where the discriminator's gain from |D(x)-D(G(x))| ends
    double balance = 0.5;  // adae: weight of |G(x)-D(G(x))| in the discriminator's loss
    bool operator==(const Loss&) const = default;
  } loss;

  struct Train {
    std::int64_t steps = 2400;
    std::int64_t batch = 16;
    double learning_rate = 1e-3;
    double beta1 = 0.5, beta2 = 0.999;
    std::string schedule = "cosine";  // constant | cosine
    double average_decay = 0.99;      // 0: no averaged weights
    std::string precision = "f32";    // f32 | bf16
    std::int64_t seed = 0;
    std::int64_t checkpoint_every = 200;
    std::int64_t sample_every = 200;
    std::int64_t log_every = 10;
    bool operator==(const Train&) const = default;
  } train;

  struct Repair {
    std::int64_t rectangles = 3;  // at most; 0: none
    double side_min = 0.0625, side_max = 0.25;
    double brightness = 0.8;
    double noise = 0.1;
    bool operator==(const Repair&) const = default;
  } repair;

  struct Augment {
    // auto | on | off; auto: on where a mirrored good image looks like a good image (orientation.h)
    std::string flip_horizontal = "auto", flip_vertical = "auto";
    std::int64_t shift = 0;
    bool operator==(const Augment&) const = default;
  } augment;

  struct Detect {
    std::string residual = "generator";  // generator | discriminator | both
    std::int64_t pool_radius = 0;
    double top_fraction = 0.02;
    bool standardise = true;
    double spread_shrinkage = 0.5;  // from each pixel's own spread (0) to that of the whole map (1)
    double max_false_reject = 0.05;
    bool operator==(const Detect&) const = default;
  } detect;

  bool operator==(const Recipe&) const = default;
};

}  // namespace dagan
