// What a network learns, and the statistics it keeps: named parts of flat buffers, so that an
// update is one kernel over one array and a checkpoint is a handful of entries.
#pragma once
#include <string>
#include <vector>

#include "core/store.h"
#include "core/tape.h"

namespace dagan {

// In training, batch norm uses and updates batch statistics; in evaluation it uses the running
// ones.
enum class Phase { training, evaluation };

// How often a program in evaluation runs: whether it pays to keep filters as the kernels like them,
// which takes time and several times their memory.
enum class Runs { often, once };

// Which copy of the weights a program reads: those being trained or their average over the last
// steps.
enum class Weights { live, averaged };

enum class Init { zero, one, filter, gamma };  // filter N(0,s), gamma N(1,s)

// Store entries of a network called "generator":
//   generator.parameters, generator.statistics                    Weights::live
//   generator.average.parameters, generator.average.statistics    Weights::averaged
class Parameters {
 public:
  // With bf16 as the type of the activations, filters are read from a copy in bf16,
  // generator.rounded, which the update keeps up to date; everything else stays f32.
  Parameters(Tape& tape, std::string network, Phase phase, Weights weights = Weights::live,
             DType activations = DType::f32, Runs runs = Runs::often);

  // A new parameter or statistic called <network>.<name>.
  Tensor parameter(const std::string& name, Shape shape, Init init);
  // The same for a filter: what a convolution reads, in the type of the activations.
  Tensor filter(const std::string& name, Shape shape);
  Tensor statistic(const std::string& name, std::int64_t channels, Init init);

  const std::vector<Tensor>& all() const { return parameters_; }
  const std::vector<Tensor>& statistics() const { return statistics_; }
  Tensor flat() const { return flat_parameters_; }
  Tensor rounded() const { return flat_rounded_; }             // empty where activations are f32
  Tensor flat_statistics() const { return flat_statistics_; }  // empty if there are none
  const std::string& network() const { return network_; }
  Phase phase() const { return phase_; }
  Runs runs() const { return runs_; }
  DType activations() const { return activations_; }
  Tape& tape() const { return tape_; }

  // Writes initial values: filters from N(0, deviation), gammas from N(1, deviation), each from a
  // random stream of its own name, so that adding a layer changes no other layer's numbers.
  void initialise(Store& store, std::uint64_t seed, float deviation) const;
  // Makes the bf16 copy from the parameters: after they were written other than by an update.
  void round(Store& store) const;

 private:
  Tensor add(Tensor& flat, const std::string& entry, const std::string& name, Shape shape);
  void fill(Store& store, Tensor flat, const std::vector<Tensor>& parts,
            const std::vector<Init>& inits, std::uint64_t seed, float deviation) const;

  Tape& tape_;
  std::string network_, prefix_;
  Phase phase_;
  DType activations_;
  Runs runs_;
  Tensor flat_parameters_, flat_rounded_, flat_statistics_;
  std::vector<Tensor> parameters_, statistics_;
  std::vector<Init> parameter_inits_, statistic_inits_;
};

}  // namespace dagan
