#include <sys/resource.h>

#include "dagan/data/image.h"
#include "tests/picture_bytes.h"

namespace dagan {
namespace {

using namespace testing;

// One small file of every format that is read, with the picture that it must give.
struct Specimen {
  const char* label;
  Buffer bytes;
  Image image;
};

std::vector<Specimen> specimens() {
  const Image grey = noise({1, 5, 7, 1}, DType::u8, 1), color = noise({1, 4, 3, 3}, DType::u8, 2);
  const Image deep = noise({1, 5, 3, 1}, DType::u16, 3, 65535);
  std::vector<Specimen> result = {{"grey png", encode_png(grey), grey},
                                  {"colour png", encode_png(color), color},
                                  {"16-bit png", encode_png(deep), deep}};
  for (const JpegKind kind : {JpegKind::plain, JpegKind::progressive}) {
    Buffer bytes = jpeg(noise({1, 9, 10, 3}, DType::u8, 4), kind);
    Image image = decode_image(bytes, "x.jpg");
    result.push_back({"jpeg", std::move(bytes), std::move(image)});
  }
  result.push_back({"bmp", bmp({2, 1, 24, 0, "", text_of({1, 2, 3, 4, 5, 6, 0, 0})}), {}});
  result.push_back({"palette bmp",
                    bmp({3, 1, 8, 0, text_of({0, 0, 0, 0, 9, 9, 9, 0}), text_of({1, 0, 1, 0})}),
                    {}});
  for (const int compression : {1, 5, 8, 32773}) {
    result.push_back({"tiff", tiff(deep, {.compression = compression}), deep});
  }
  result.push_back({"tiled tiff", tiff(grey, {.tiled = true}), grey});
  result.push_back({"pgm", pgm("P5 3 1 255\n", {7, 8, 9}), {}});
  result.push_back({"ppm", pgm("P6 1 1 4095\n", {1, 2, 3, 4, 5, 6}), {}});
  return result;
}

TEST_CASE("damaged and dangerous PNG files are refused before they cost anything") {
  rusage before{}, after{};
  getrusage(RUSAGE_SELF, &before);
  // 57 bytes that announce 1 GiB of pixel data: the header of a PNG of 8 x 8 and of one more chunk.
  std::string bomb =
      "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", text_of({0, 0, 0, 8, 0, 0, 0, 8, 8, 2, 0, 0, 0}));
  bomb += text_of({0x40, 0, 0, 0}) + "IDAT" + std::string(16, '\0');
  REQUIRE(bomb.size() == 57);
  CHECK_CONTAINS(refusal(bytes_of(bomb)), "claims 1073741824 bytes where 12 are left");
  CHECK_CONTAINS(refusal(png({.width = 100000, .height = 100000})), "the limit is 16384 each way");
  CHECK_CONTAINS(refusal(png({.width = 16384, .height = 4097})), "64 megapixels");
  CHECK_CONTAINS(refusal(png({.width = 8000, .height = 8000})), "too little data for 8000 x 8000");
  CHECK_CONTAINS(refusal(png({.width = 0})), "is empty");
  CHECK_CONTAINS(refusal(png_with_data({.width = 8, .height = 8}, zlib_zeros(100 << 20))),
                 "more data than its 8 x 8 pixels need");
  getrusage(RUSAGE_SELF, &after);
#if !defined(__SANITIZE_ADDRESS__)
  CHECK(after.ru_maxrss - before.ru_maxrss < 16 << 10);  // KiB
#endif

  CHECK_CONTAINS(refusal(png({.rows = "", .first_chunk = "acTL"})), "animated");
  CHECK_CONTAINS(refusal(png({.rows = "", .first_chunk = "ABCD"})), "must be understood");
  CHECK_CONTAINS(refusal(png_with_data({.width = 1, .height = 1}, zlib_zeros(5003))), "more data");
  Buffer late = png({.width = 1, .height = 1, .rows = text_of({0, 7})});
  const Buffer opacity = bytes_of(png_chunk("tRNS", text_of({0, 7})));
  late.insert(late.end() - 12, opacity.begin(), opacity.end());
  CHECK_CONTAINS(refusal(late), "belongs before the pixels");
  for (const std::size_t length : {4, 769, 771}) {
    const PngParts parts = {.color = 2, .palette = std::string(length, 'x')};
    CHECK_CONTAINS(refusal(png(parts)), text("palette of the PNG has ", length, " bytes"));
  }
  CHECK_CONTAINS(refusal(png({.rows = text_of({5, 7})})), "row 0 of the PNG has no known filter");
  CHECK_CONTAINS(refusal(png({.depth = 3})), "no known kind");
  CHECK_CONTAINS(refusal(png({.depth = 16, .color = 3})), "no known kind");
  CHECK_CONTAINS(refusal(png({.width = 4, .rows = text_of({0, 1})})), "cannot be inflated");
  Buffer flipped = encode_png(noise({1, 8, 8, 1}, DType::u8, 1));
  flipped[flipped.size() - 20] ^= std::byte(1);
  CHECK_CONTAINS(refusal(flipped), "checksum");
}

TEST_CASE("no truncation and no changed byte of any format gets through or crashes") {
  for (const Specimen& specimen : specimens()) {
    CAPTURE(specimen.label);
    const Image whole = decode_image(specimen.bytes, "x.png");
    if (!specimen.image.pixels.empty()) CHECK(equal(whole, specimen.image));
    for (std::size_t length = 0; length < specimen.bytes.size(); ++length) {
      CAPTURE(length);
      const std::string message =
          refusal({specimen.bytes.begin(), specimen.bytes.begin() + length});
      CHECK(message.starts_with("x.png: "));
    }
    Buffer bytes = specimen.bytes;
    for (std::byte& byte : bytes) {
      const std::byte kept = byte;
      for (int bit = 0; bit < 8; ++bit) {
        byte = kept ^ std::byte(1 << bit);
        try {
          decode_image(bytes, "x.png");
        } catch (const Error& error) {
          CHECK(error.fault() == Fault::data);
        }
      }
      byte = kept;
    }
  }
}

TEST_CASE("what is no image is named as such") {
  const TemporaryFolder folder;
  const auto message = [&](std::string_view name, std::string_view content) {
    const std::filesystem::path file = folder.put(name, content);
    const std::string line = error_of(Fault::data, [&] { read_image(file); });
    CHECK(line.starts_with(file.string() + ": "));
    return line;
  };
  CHECK_CONTAINS(message("a.png", "hello, this is a list of parts\n"),
                 "is a text file, not an image");
  CHECK_CONTAINS(message("b.png", std::string_view("\0\1\2\3", 4)), "not a file of a known kind");
  CHECK_CONTAINS(message("c.png", ""), "is empty");
  CHECK_CONTAINS(message("d.png", "GIF89a\x01\x02"), "a GIF file, which is not read");
  CHECK_CONTAINS(message("e.jpg", "BM"), "text file");
  CHECK_CONTAINS(error_of(Fault::data, [&] { read_image(folder / "none.png"); }),
                 "there is no such file");
  CHECK_CONTAINS(error_of(Fault::data, [&] { read_image(folder.path()); }), "is a folder");
  CHECK_CONTAINS(error_of(Fault::data, [&] { read_image(folder / "two\nlines.png"); }),
                 "two?lines.png");
  const std::filesystem::path large = folder.put("large.png", "x");
  std::filesystem::resize_file(large, kImageLimits.file + 1);
  CHECK_CONTAINS(error_of(Fault::data, [&] { read_image(large); }),
                 "more than the limit of 268435456");
}

}  // namespace
}  // namespace dagan
