# Half of the compiler's time goes into reading the standard library again for each file. So each of
# the large targets reads it once. The preset arm64 does not: there a file that does not include what
# it uses fails.
function(dagan_precompile target)
  target_precompile_headers(${target} PRIVATE <algorithm> <array> <bit> <cmath> <cstdint> <cstring>
    <filesystem> <functional> <limits> <map> <memory> <optional> <set> <span> <sstream> <string>
    <vector> ${ARGN})
endfunction()
