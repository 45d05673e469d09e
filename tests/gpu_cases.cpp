#include "tests/gpu_cases.h"

#include "tests/cases/activation.h"
#include "tests/cases/adam.h"
#include "tests/cases/arithmetic.h"
#include "tests/cases/batch_norm.h"
#include "tests/cases/conv2d.h"
#include "tests/cases/corrupt.h"
#include "tests/cases/image.h"
#include "tests/cases/loss.h"
#include "tests/cases/residual.h"

namespace dagan::cases {
namespace {

// Vectors and single elements, one block of threads and several.
constexpr Shape kShapes[] = {{2, 3, 5, 7}, {1, 9, 8, 16}, {2, 17, 19, 4}};

void add_elementwise(std::vector<OpCase>& all) {
  for (const Shape& shape : kShapes) {
    all.push_back(leaky_relu_case(shape, 0.2f));
    all.push_back(leaky_relu_grad_case(shape, 0.2f));
    all.push_back(tanh_case(shape));
    all.push_back(tanh_grad_case(shape));
    all.push_back(linear_case(shape, {.alpha = 2, .beta = -1, .constant = 0.5f}, true));
    all.push_back(channel_sum_case(shape));
    for (const ErrorKind kind : {ErrorKind::squared, ErrorKind::absolute}) {
      all.push_back(error_case(kind, shape));
      all.push_back(error_grad_case(kind, shape));
      for (const auto& [a, b] : kWantedGrads)
        all.push_back(error_with_grads_case(kind, shape, a, b));
    }
  }
}

void add_batch_norm(std::vector<OpCase>& all) {
  for (const Shape& shape : kShapes) {
    all.push_back(batch_norm_statistics_case(shape));
    all.push_back(batch_norm_apply_case(shape));
    all.push_back(batch_norm_evaluate_case(shape));
    all.push_back(batch_norm_grad_case(shape));
  }
}

void add_conv2d(std::vector<OpCase>& all) {
  const Conv2dProblem problems[] = {
      {{2, 1}, {1, 6, 6, 3}, 5, 4, 4, true},
      {{2, 1}, {2, 8, 8, 16}, 24, 4, 4, true},
      {{1, 1}, {1, 5, 7, 4}, 8, 3, 3},
  };
  for (const Conv2dProblem& problem : problems) {
    for (OpCase& op : conv2d_passes(problem)) all.push_back(std::move(op));
  }
}

void add_images(std::vector<OpCase>& all) {
  for (const DType type : {DType::u8, DType::u16, DType::f32}) {
    all.push_back(image_normalise_resize({1, 13, 9, 3}, type, 5, 7, {0, 200}));
  }
  const Shape batch = {3, 8, 6, 2};
  all.push_back(augment(batch, 5, {.seed = 3, .flip_horizontal = true, .shift = 2}));
  all.push_back(corrupt(batch, 5, {.seed = 3}));
  for (const int radius : {0, 2}) all.push_back(pooled_residual({2, 9, 7, 3}, radius));
  all.push_back(standardise({2, 9, 7, 1}));
  for (const float fraction : {0.02f, 0.5f}) all.push_back(top_mean({2, 9, 31, 1}, fraction));
}

}  // namespace

std::vector<OpCase> gpu_cases() {
  std::vector<OpCase> all;
  add_elementwise(all);
  add_batch_norm(all);
  add_conv2d(all);
  add_images(all);
  for (const std::int64_t size : {1, 33, 1000}) {
    all.push_back(all_finite_case(size));
    all.push_back(adam_case({.size = size}));
  }
  return all;
}

}  // namespace dagan::cases
