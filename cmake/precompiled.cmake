# About half of the compiler's time would go into reading the standard library again for each file,
# so each of the large targets reads it once. The preset arm64 does without: it shows a file that
# does not include what it uses.
function(dagan_precompile target)
  target_precompile_headers(${target} PRIVATE <algorithm> <array> <bit> <cmath> <cstdint> <cstring>
    <filesystem> <functional> <limits> <map> <memory> <optional> <set> <span> <sstream> <string>
    <vector> ${ARGN})
endfunction()
