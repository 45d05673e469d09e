// Binary PGM (P5) and PPM (P6), 8 and 16 bit, by the Netpbm format descriptions.
#include <cstring>

#include "dagan/data/codecs.h"

namespace dagan {
namespace {

class HeaderReader {
 public:
  HeaderReader(Bytes bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  // The next number, behind white space and comments that run from '#' to the end of the line.
  std::uint64_t number() {
    char c = next();
    while (is_space(c) || c == '#') {
      if (c == '#') {
        while (c != '\n' && c != '\r') c = next();
      }
      c = next();
    }
    std::uint64_t value = 0;
    for (int digits = 0; c >= '0' && c <= '9'; ++digits, c = next()) {
      if (digits == 9) stop();
      value = value * 10 + std::uint64_t(c - '0');
      ended_ = true;
    }
    if (!ended_ || !is_space(c)) stop();  // exactly one white space ends a number
    ended_ = false;
    return value;
  }
  std::size_t position() const { return at_; }

 private:
  static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
  char next() {
    if (at_ == bytes_.size()) stop();
    return char(bytes_[at_++]);
  }
  [[noreturn]] void stop() const { damaged(name_, "the PGM or PPM header is wrong or incomplete"); }

  Bytes bytes_;
  const std::string& name_;
  std::size_t at_ = 2;  // behind "P5" or "P6"
  bool ended_ = false;
};

}  // namespace

Image decode_pnm(Bytes bytes, const std::string& name) {
  HeaderReader reader(bytes, name);
  const std::uint64_t width = reader.number(), height = reader.number(), largest = reader.number();
  check_extent(width, height, name);
  if (largest == 0 || largest > 65535)
    damaged(name, "its largest value is ", largest, ", not 1 to 65535");
  if (largest < 255) {
    unsupported(name, "its values reach only to ", largest,
                ", and scaling them is not for the reader");
  }
  const DType dtype = largest == 255 ? DType::u8 : DType::u16;
  const std::int64_t channels = char(bytes[1]) == '6' ? 3 : 1;
  const Shape shape = {1, std::int64_t(height), std::int64_t(width), channels};  // (1,H,W,C)
  const Bytes data = bytes.subspan(reader.position());
  const std::size_t wanted = std::size_t(shape.size() * size_of(dtype));
  if (data.size() < wanted)
    damaged(name, "has ", data.size(), " bytes of pixels, its header says ", wanted);
  if (data.size() > wanted) {
    unsupported(name, "has ", data.size() - wanted,
                " bytes behind its last pixel: several pictures?");
  }
  Image image = make_image(shape, dtype);
  if (dtype == DType::u8) {
    std::memcpy(image.pixels.data(), data.data(), wanted);
    return image;
  }
  auto* to = image.view().as<std::uint16_t>();
  for (std::size_t i = 0; i < wanted; i += 2) {
    const auto value = std::uint16_t(unsigned(data[i]) << 8 | unsigned(data[i + 1]));
    if (value > largest) damaged(name, "a value is ", value, ", above the header's ", largest);
    to[i / 2] = value;
  }
  return image;
}

}  // namespace dagan
