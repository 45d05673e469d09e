// Versions of kernels on the shapes of a model: held against the reference, and timed in turn.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "bench/model_cases.h"
#include "core/backend.h"

namespace dagan::bench {

struct OpsRequest {
  const Backend* backend;
  std::vector<std::string> ops;  // empty: all
  std::string impl;              // a version's name, "all", or "table": what the backend runs
  ModelShape model;
  bool verify = false;
  bool timed = true;      // false for the emulator, whose time says nothing about a GPU
  double seconds = 0.05;  // to measure each version of a case for
};

struct OpResult {
  std::string op, version, problem;  // of a problem in different types the words are the same
  bool in_table = false;
  bool verified = false;
  // With verify: the largest difference to the reference in f64 in units of the largest element,
  // and what is wrong, or nothing.
  double error = 0;
  std::string failure = {};
  // Timed: median; the median of the table's time over this one's in the same round (0: there is
  // none to compare with); what the op must do, and how long the machine needs for it at least.
  double seconds = 0, speedup = 0;
  double flop = 0, bytes = 0, least_seconds = 0;
};

struct OpsReport {
  std::vector<OpResult> results;
  std::vector<std::string> missing;  // "cudnn: why it cannot run here"
};

// `progress` hears what is measured next. Throws Fault::usage for an unknown op or version.
OpsReport measure_ops(const OpsRequest&, const std::function<void(const std::string&)>& progress);

}  // namespace dagan::bench
