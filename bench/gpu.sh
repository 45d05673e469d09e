#!/usr/bin/env bash
# What only a GPU can show, in one go and without a network: builds for the GPU of this machine, runs
# every kernel test on it and under compute-sanitizer, trains, and times kernels, rivals, the step
# and PyTorch. Writes bench/baselines/GPU.csv and what else it printed to build-gpu/report/.
#
#   gpu.sh            needs nvcc, a C++ compiler, cmake and ninja; the other headers and libraries
#                     come from the machine's packages or from carried/
#   gpu.sh carry      on a machine that has the packages: fills carried/, to be copied with the
#                     checkout to one that has not
#   gpu.sh rehearse   every step that needs no GPU, with the emulator in its place
set -uo pipefail
cd "$(dirname "$0")/.."
mode=${1:-run}
build=build-gpu
report=$build/report
device=cuda
passed=0 failed=0
export OMP_WAIT_POLICY=passive
[[ $mode == carry ]] && exec bench/carry.sh carried
[[ $mode == rehearse ]] && device=emulated
if [[ $mode != run && $mode != rehearse ]]; then
  sed -n '7,11s/^# *//p' "$0" >&2
  exit 2
fi

# check NAME COMMAND...: counts it, and keeps what it printed as report/NAME.
check() {
  local name=$1 status=0
  shift
  echo "== $name: $*" >&2
  "$@" >"$report/$name" 2>&1 || status=$?
  tail -n 3 "$report/$name" >&2
  if ((status)); then
    ((failed += 1))
    echo "FAILED ($status): $report/$name" >&2
  else
    ((passed += 1))
  fi
}

# keep NAME COMMAND...: the same for what may be missing here and proves nothing.
keep() {
  local name=$1
  shift
  echo "== $name: $*" >&2
  "$@" >"$report/$name" 2>"$report/$name.log" || echo "not here: $(tail -n 1 "$report/$name.log")" >&2
}

# unless_unfinished SECONDS COMMAND...: its status; too slow is no failure.
unless_unfinished() {
  local status=0
  timeout "$@" || status=$?
  ((status == 124)) || return $status
  echo "not finished within $1 s"
}

gpu_name() { nvidia-smi --query-gpu=name --format=csv,noheader | head -n 1 | tr ' /' '__'; }
gpu_arch() { nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -n 1 | tr -d .; }

# PyTorch's packages bring cuDNN and cuBLAS: the rivals find them there too.
find_rivals() {
  local folder
  for folder in $(python3 -c 'import nvidia; print(*nvidia.__path__)' 2>/dev/null); do
    export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$(echo "$folder"/*/lib | tr " " :)
    export CPLUS_INCLUDE_PATH=${CPLUS_INCLUDE_PATH:+$CPLUS_INCLUDE_PATH:}$folder/cudnn/include
  done
}

configure() {
  local options=(-DCMAKE_BUILD_TYPE=Release -DDAGAN_CUDA=ON -DDAGAN_EXAMPLES=OFF)
  [[ $device == cuda ]] && options+=("-DDAGAN_CUDA_ARCHITECTURES=$(gpu_arch)")
  if [[ -d carried ]]; then
    options+=("-DCMAKE_PREFIX_PATH=$PWD/carried/usr" "-DSTB_INCLUDE_DIR=$PWD/carried/usr/include")
    export CPLUS_INCLUDE_PATH=$PWD/carried/usr/include  # some packages name /usr/include itself
    export LD_LIBRARY_PATH=$PWD/carried/usr/lib/carried:${LD_LIBRARY_PATH:-}
    export LIBRARY_PATH=$LD_LIBRARY_PATH
  fi
  [[ $device == cuda ]] && find_rivals
  cmake -S . -B $build -G Ninja "${options[@]}"
}

build() {
  rm -rf $report && mkdir -p $report
  check configure configure
  check compile cmake --build $build --target dagan_program dagan_tests dagan_gpu_tests bench_step \
    bench_predict
  ((failed == 0)) || finish
}

# The last line, as the tests print it.
finish() {
  echo "$passed passed, $failed failed"
  exit $((failed > 0))
}

tests() {
  check kernels $build/dagan_gpu_tests -tc='cuda:*'
  check step_is_the_cpus $build/dagan_tests -tc='device: *on a GPU*,device: a training step*'
  local data=$report/set
  check synth $build/dagan synth --quiet --out $data
  check train $build/dagan train --device $device --data $data --out $report/run --recipe tiny --quiet
  check train_bf16 $build/dagan train --device $device --data $data --out $report/bf16 --recipe tiny \
    --set train.precision=bf16 --quiet
  check eval $build/dagan eval $report/run --device $device --require 'image_auroc>=0.75'
}

sanitizers() {
  [[ $device == cuda ]] || return 0
  local tool
  for tool in memcheck racecheck initcheck synccheck; do
    # On some virtual machines the tool refuses the device: that is no verdict on the kernels.
    if compute-sanitizer --tool $tool $build/dagan_gpu_tests -tc='cuda: no test has this name' \
      >"$report/sanitizer_$tool.log" 2>&1; then
      check sanitizer_$tool unless_unfinished 120 compute-sanitizer --tool $tool \
        --error-exitcode 9 $build/dagan_gpu_tests -tc='cuda: every kernel agrees with its reference'
      grep -q '^not finished' $report/sanitizer_$tool && ((passed -= 1))
    else
      echo "not here: compute-sanitizer --tool $tool" >&2
    fi
  done
}

timings() {
  local shape=(--size 64 --width 32 --batch 16) small=(--size 32 --width 4 --batch 1)
  if [[ $device == emulated ]]; then
    check bench $build/dagan bench --device emulated --impl all "${small[@]}" -o csv
    check predict $build/bench_predict "${small[@]}"
    check step $build/bench_step --device emulated --size 16 --levels 3 --width 2 --batch 1 --steps 1
    return
  fi
  local csv=bench/baselines/$(gpu_name).csv precision
  mkdir -p bench/baselines
  for precision in f32 bf16; do
    check step_$precision $build/bench_step --device cuda "${shape[@]}" --steps 101 \
      --precision $precision --json
    check predicted_and_measured_$precision.csv $build/bench_predict --device cuda "${shape[@]}" \
      --precision $precision
  done
  local torch=(python3 bench/peers/step_torch.py --device cuda "${shape[@]}" --repeats 101)
  keep torch_f32 "${torch[@]}"
  keep torch_f32_channels_last "${torch[@]}" --channels-last
  keep torch_tf32_channels_last "${torch[@]}" --channels-last --tf32
  keep torch_bf16_channels_last "${torch[@]}" --channels-last --autocast
  check bench.csv $build/dagan bench --device cuda --impl all --verify "${shape[@]}" -o csv
  if grep -q '^op,' $report/bench.csv; then
    grep -E '^[a-z0-9_]+,' $report/bench.csv >"$csv"  # without what is said on the way
  fi
}

if [[ $device == cuda ]] && ! nvidia-smi >/dev/null 2>&1; then
  echo "no GPU here: nvidia-smi finds none" >&2
  exit 5
fi
build
tests
timings
sanitizers
cat $report/step_f32 $report/step_bf16 $report/torch_* 2>/dev/null | grep '^{' >&2
finish
