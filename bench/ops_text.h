// The results of bench/ops.h as text.
#pragma once
#include <map>
#include <string>

#include "bench/ops.h"

namespace dagan::bench {

// Seconds of an earlier report, by key_of.
using Earlier = std::map<std::string, double>;

std::string key_of(const OpResult&);  // op, problem and version

// Of a report in JSON. Throws Fault::data when the text is no such report, or of another device.
Earlier parse_earlier(const std::string& json, const std::string& file, const std::string& device);

// `format`: table, md, csv or json. With an earlier report, what is in both gets the ratio of the
// times, above 1 where this one is faster.
std::string ops_text(const OpsRequest&, const OpsReport&, const Earlier&,
                     const std::string& format);

}  // namespace dagan::bench
