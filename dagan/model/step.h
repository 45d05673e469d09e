// One training step of both players, recorded as one tape (paper, section 3 and Fig. 2).
#pragma once
#include <optional>

#include "core/program.h"
#include "dagan/model/architecture.h"
#include "kernels/adam/adam.h"
#include "kernels/corrupt/corrupt.h"
#include "layers/parameters.h"

namespace dagan {

// How D is set against G. |a,b| is the mean error between a and b; fake = G(damaged image).
//
//   paper  D: con |x,D(x)| - adv |D(fake),D(x)|      G: adv |D(fake),D(x)| + con |x,fake|
//   hinge  D: con |x,D(x)| + adv max(0, margin - |D(fake),D(x)|), whose gain ends at the margin
//   adae   D: con |x,D(x)| - balance |D(fake),fake|  G: adv |D(fake),fake| + con |x,fake|
//          (Vu et al., arXiv 1902.06924)
enum class Game { paper, hinge, adae };

// Who learns when. alternating: D is updated before G meets it. simultaneous: both learn from one
// meeting, of the players as they were: D is run twice instead of four times, and one way back
// through D(fake) serves both, since what D gains there is what G loses; not so behind a margin.
enum class Turns { alternating, simultaneous };

enum class Norm { squared, absolute };

struct StepOptions {
  Architecture architecture;
  std::int64_t batch = 16;
  bool discriminator = true;  // false: the U-Net alone, the paper's ablation; G minimises |x,fake|
  Game game = Game::paper;
  Turns turns = Turns::alternating;
  Norm norm = Norm::squared;
  double adversarial = 1, generator = 40, discriminator_weight = 1;  // paper: 1, 40, 1
  double margin = 0.02, balance = 0.5;
  AdamHyper adam = {};
  // bf16: activations, their gradients and the filters that are read are bf16; the filters that are
  // learned, statistics, losses and all sums stay f32 (Micikevicius et al., ICLR 2018).
  DType activations = DType::f32;
  std::optional<AugmentGeometry> augment = {};
  std::optional<CorruptGeometry> corrupt = {};  // absent: G learns to copy good images
  bool keep_gradients = false;                  // make the flat gradients outputs, to look at them
};

// The order is fixed and part of the model, since D's running statistics move with each use of it:
// fake, D(x), D(fake), update of D; D(x), D(fake), update of G. Simultaneously: fake, D(x),
// D(fake), update of D, update of G.
class TrainingStep {
 public:
  explicit TrainingStep(const StepOptions& options);

  // Store entries that the host writes before each run: kStep (u32, steps done) and kLearningRate.
  static constexpr const char* kStep = "train.step";
  static constexpr const char* kLearningRate = "train.learning_rate";

  const Tape& tape() const { return tape_; }
  Tensor images() const { return images_; }  // input (batch, size, size, channels), in [-1,1]

  // Outputs. Those of D are empty without it.
  Tensor generator_loss, generator_reconstruction, generator_adversarial;
  Tensor discriminator_loss, discriminator_reconstruction, discriminator_adversarial;
  Tensor generator_finite, discriminator_finite;  // u32: 0 when a gradient was not finite

  // Parts of one flat gradient each, in the order of the parameters.
  std::vector<Tensor> generator_gradients, discriminator_gradients;

  const Parameters& generator() const { return generator_; }
  const Parameters& discriminator() const { return discriminator_; }

  // Initial weights, and averages that start from them if there are any.
  void initialise(Store& store, std::uint64_t seed, float deviation) const;

 private:
  Tape tape_;
  bool averages_;
  Tensor images_;
  Parameters generator_, discriminator_;
};

}  // namespace dagan
