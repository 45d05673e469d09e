// Is a gradient right? Ask the function itself, with one complex number.
//
// f(x + ih) = f(x) + ih f'(x) - ..., so Im f(x + ih) / h is the derivative, and no difference of
// near-equal numbers spoils it: h may be 1e-30. A reference kernel is a template, so that it takes
// complex numbers; what it agrees with, the fast kernel has to agree with as well.
#include <algorithm>
#include <cmath>
#include <complex>
#include <iostream>
#include <vector>

#include "core/random.h"
#include "kernels/backend.h"
#include "kernels/conv2d/reference.h"
#include "kernels/kernels.h"

using namespace dagan;
using Complex = std::complex<double>;

constexpr Conv2dGeometry kGeometry = {.stride = 2, .pad = 1};
constexpr Shape kX = {1, 5, 6, 2}, kW = {3, 4, 4, 2}, kY = {1, 2, 3, 3};

std::vector<float> noise(Shape shape, std::uint64_t stream) {
  std::vector<float> values(std::size_t(shape.size()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = 2 * uniform(Philox{1}.words(stream, i)[0]) - 1;
  }
  return values;
}

int main() {
  std::vector<float> x = noise(kX, 0), w = noise(kW, 1), dy = noise(kY, 2), dw(w.size());
  std::vector<Complex> cx(x.begin(), x.end()), cw(w.begin(), w.end()), cy(dy.size());
  std::vector<double> rx(x.begin(), x.end()), rdy(dy.begin(), dy.end()), rdw(w.size());

  reference::conv2d_filter_grad<double>(kGeometry, {rx.data(), kX}, {rdy.data(), kY},
                                        {rdw.data(), kW});

  // A program gives a kernel its scratch memory out of the arena; here we stand in for it.
  const auto bytes = cpu::conv2d_scratch(Conv2dPass::filter_grad, kGeometry, kX, kW, kY);
  const Runtime& runtime = cpu_backend().runtime;
  const Launch launch = {.scratch = static_cast<std::byte*>(runtime.allocate(std::size_t(bytes)))};
  cpu::conv2d_filter_grad(launch, kGeometry, view_of(x.data(), kX), view_of(dy.data(), kY),
                          view_of(dw.data(), kW), Write::overwrite);
  runtime.release(launch.scratch);

  constexpr double kStep = 1e-30;
  double reference_error = 0, kernel_error = 0;
  for (std::size_t i = 0; i < w.size(); ++i) {
    cw[i] += Complex(0, kStep);
    reference::conv2d<Complex>(kGeometry, {cx.data(), kX}, {cw.data(), kW}, {}, {cy.data(), kY});
    cw[i] = w[i];
    double derivative = 0;  // of sum(dy * y), with respect to w[i]
    for (std::size_t j = 0; j < cy.size(); ++j) derivative += rdy[j] * cy[j].imag() / kStep;
    reference_error = std::max(reference_error, std::fabs(rdw[i] - derivative));
    kernel_error = std::max(kernel_error, std::fabs(dw[i] - derivative));
  }
  std::cout << w.size() << " derivatives of a 4x4 convolution\n"
            << "reference, in double: " << (reference_error < 1e-14 ? "right" : "wrong")
            << ", largest error " << reference_error << '\n'
            << "CPU kernel, in float: " << (kernel_error < 1e-6 ? "right" : "wrong")
            << ", largest error " << kernel_error << '\n';
}

// It prints:
//   96 derivatives of a 4x4 convolution
//   reference, in double: right, largest error ...
//   CPU kernel, in float: right, largest error ...
