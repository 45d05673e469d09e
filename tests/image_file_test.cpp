#include "dagan/data/image.h"
#include "tests/picture_bytes.h"

namespace dagan {
namespace {

using namespace testing;

TEST_CASE("PNG files come back as they were written, with 8 and 16 bits") {
  const TemporaryFolder folder;
  for (const DType dtype : {DType::u8, DType::u16}) {
    for (const Shape shape : {Shape{1, 1, 1, 1}, Shape{1, 1, 9, 3}, Shape{1, 31, 1, 1},
                              Shape{1, 33, 65, 3}, Shape{1, 64, 64, 1}}) {
      CAPTURE(shape);
      const Image image = noise(shape, dtype, 5, dtype == DType::u8 ? 255 : 65535);
      write_png(folder / "a.png", image);
      CHECK(equal(read_image(folder / "a.png"), image));
    }
  }
  // Slopes of every direction with a little noise, where each of PNG's filters is the best for some
  // row.
  Image slopes = noise({1, 60, 60, 1}, DType::u8, 8, 3);
  for (std::int64_t i = 0; i < slopes.shape.size(); ++i) {
    const std::int64_t h = i / 60, w = i % 60;
    slopes.view().as<std::uint8_t>()[i] += std::uint8_t(h % 7 * w + h / 7 * (h - w));
  }
  CHECK(equal(decode_image(encode_png(slopes), "x.png"), slopes));
  Image flat = make_image({1, 200, 200, 3});
  CHECK(encode_png(flat).size() < 2000);
}

TEST_CASE("writing a PNG replaces the old file as a whole and leaves nothing else") {
  const TemporaryFolder folder;
  folder.put("a.png", "old");
  const Image image = noise({1, 3, 3, 1}, DType::u8, 1);
  write_png(folder / "a.png", image);
  CHECK(equal(read_image(folder / "a.png"), image));
  CHECK_CONTAINS(error_of(Fault::output, [&] { write_png(folder / "no/a.png", image); }),
                 "make the folder");
  std::filesystem::create_directories(folder / "b.png");
  CHECK_CONTAINS(error_of(Fault::output, [&] { write_png(folder / "b.png", image); }),
                 "cannot replace");
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    files += !entry.path().empty();
  }
  CHECK(files == 2);
}

TEST_CASE("every kind of PNG keeps its channels and values") {
  const auto decoded = [](const PngParts& parts) { return decode_image(png(parts), "x.png"); };
  Image image = decoded({.width = 9, .depth = 1, .rows = text_of({0, 0b10100000, 0b10000000})});
  CHECK(image.shape == Shape{1, 1, 9, 1});
  CHECK(values(image) == std::vector<int>{255, 0, 255, 0, 0, 0, 0, 0, 255});
  image = decoded({.width = 2, .depth = 4, .rows = text_of({0, 0x1f})});
  CHECK(values(image) == std::vector<int>{17, 255});
  image = decoded({.width = 2, .depth = 16, .rows = text_of({0, 1, 2, 3, 4})});
  CHECK(image.dtype == DType::u16);
  CHECK(values(image) == std::vector<int>{0x102, 0x304});

  const std::string indices = text_of({0, 1, 0});
  image =
      decoded({.width = 2, .color = 3, .rows = indices, .palette = text_of({5, 5, 5, 9, 9, 9})});
  CHECK(image.shape.c == 1);
  CHECK(values(image) == std::vector<int>{9, 5});
  image =
      decoded({.width = 2, .color = 3, .rows = indices, .palette = text_of({5, 5, 5, 1, 2, 3})});
  CHECK(image.shape.c == 3);
  CHECK(values(image) == std::vector<int>{1, 2, 3, 5, 5, 5});
}

TEST_CASE("opacity is dropped where it says nothing and refused where it does") {
  const auto decoded = [](const PngParts& parts) { return decode_image(png(parts), "x.png"); };
  Image image = decoded({.color = 6, .rows = text_of({0, 1, 2, 3, 255})});
  CHECK(values(image) == std::vector<int>{1, 2, 3});
  image = decoded({.depth = 16, .color = 4, .rows = text_of({0, 1, 2, 255, 255})});
  CHECK(values(image) == std::vector<int>{0x102});
  const std::string message =
      refusal(png({.height = 2, .color = 6, .rows = text_of({0, 1, 2, 3, 255, 0, 1, 2, 3, 254})}));
  CHECK_CONTAINS(message, "x.png: pixel (x 0, y 1) is transparent");
  refusal(png({.depth = 16, .color = 4, .rows = text_of({0, 1, 2, 255, 254})}));
  refusal(png({.rows = text_of({0, 7}), .transparency = text_of({0, 7})}));
  refusal(tiff(noise({1, 4, 4, 4}, DType::u8, 1), {}));
  Image opaque = make_image({1, 2, 2, 2}, DType::u16);
  std::fill(opaque.pixels.begin(), opaque.pixels.end(), std::byte(255));
  CHECK(decode_image(tiff(opaque, {}), "x.tif").shape.c == 1);
}

TEST_CASE("an index behind the palette of a PNG is black") {
  const PngParts parts = {.width = 3,
                          .color = 3,
                          .rows = text_of({0, 0, 1, 200}),
                          .palette = text_of({10, 20, 30, 40, 50, 60})};
  CHECK(values(decode_image(png(parts), "x.png")) ==
        std::vector<int>{10, 20, 30, 40, 50, 60, 0, 0, 0});
}

TEST_CASE("a PNG whose every allowed zero is inflated is still read") {
  const Image image =
      decode_image(png_with_data({.width = 255, .height = 1}, zlib_zeros(259)), "x.png");
  CHECK(values(image) == std::vector<int>(255, 0));
}

TEST_CASE("BMP files are read with palettes, bottom up and top down") {
  const auto decoded = [](const BmpParts& parts) { return decode_image(bmp(parts), "x.bmp"); };
  const std::string two_rows = text_of({1, 2, 3, 0, 4, 5, 6, 0});
  CHECK(values(decoded({1, 2, 24, 0, "", two_rows})) == std::vector<int>{6, 5, 4, 3, 2, 1});
  CHECK(values(decoded({1, -2, 24, 0, "", two_rows})) == std::vector<int>{3, 2, 1, 6, 5, 4});
  CHECK(values(decoded({1, 2, 32, 0, "", two_rows})) == std::vector<int>{6, 5, 4, 3, 2, 1});

  const std::string greys = text_of({0, 0, 0, 0, 200, 200, 200, 0}),
                    colors = text_of({1, 2, 3, 0, 4, 5, 6, 0});
  Image image = decoded({3, 1, 8, 0, greys, text_of({1, 0, 1, 0})});
  CHECK(image.shape == Shape{1, 1, 3, 1});
  CHECK(values(image) == std::vector<int>{200, 0, 200});
  CHECK(values(decoded({3, 1, 1, 0, greys, text_of({0b01100000, 0, 0, 0})})) ==
        std::vector<int>{0, 200, 200});
  CHECK(values(decoded({3, 1, 4, 0, greys, text_of({0x01, 0x10, 0, 0})})) ==
        std::vector<int>{0, 200, 200});
  CHECK(values(decoded({2, 1, 8, 0, colors, text_of({1, 0, 0, 0})})) ==
        std::vector<int>{6, 5, 4, 3, 2, 1});
}

TEST_CASE("BMP files of other kinds are refused") {
  const std::string row = text_of({1, 0, 1, 0}), greys = text_of({0, 0, 0, 0, 9, 9, 9, 0});
  CHECK_CONTAINS(refusal(bmp({3, 1, 8, 1, greys, row})), "compressed BMP");
  CHECK_CONTAINS(refusal(bmp({2, 1, 16, 0, "", row})), "16 bits a pixel");
  CHECK_CONTAINS(refusal(bmp({3, 1, 8, 0, greys, text_of({2, 0, 0, 0})})),
                 "no entry in its palette");
  CHECK_CONTAINS(refusal(bmp({-3, 1, 8, 0, greys, row})), "negative width");
  CHECK_CONTAINS(refusal(bmp({20000, 1, 8, 0, greys, row})), "the limit is 16384");
  CHECK_CONTAINS(refusal(bmp({3, 2, 8, 0, greys, row})), "ends before its last pixel");
  CHECK_CONTAINS(refusal(bmp({1, 1, 32, 3, "", row})), "unusual colour masks");
  const std::string masks = text_of({0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0});
  CHECK(values(decode_image(bmp({1, 1, 32, 3, masks, row}), "x.bmp")) == std::vector<int>{1, 0, 1});
}

TEST_CASE("PGM and PPM are read with comments, and 16 bits from the high byte") {
  CHECK(values(decode_image(pgm("P5\n# by hand\n2 #two\n 1\n255\n", {7, 200}), "x.pgm")) ==
        std::vector<int>{7, 200});
  const Image deep = decode_image(pgm("P6 1 1 4095\n", {0, 1, 15, 255, 1, 0}), "x.ppm");
  CHECK(deep.shape == Shape{1, 1, 1, 3});
  CHECK(deep.dtype == DType::u16);
  CHECK(values(deep) == std::vector<int>{1, 4095, 256});
  CHECK(values(decode_image(pgm("P5 1 1 255\n", {'#'}), "x.pgm")) == std::vector<int>{'#'});

  CHECK_CONTAINS(refusal(pgm("P5 1 1 4095\n", {16, 0})),
                 "a value is 4096, above the header's 4095");
  CHECK_CONTAINS(refusal(pgm("P5 1 1 100\n", {7})), "reach only to 100");
  CHECK_CONTAINS(refusal(pgm("P5 1 1 0\n", {7})), "largest value is 0");
  CHECK_CONTAINS(refusal(pgm("P5 1 1 65536\n", {7})), "largest value is 65536");
  CHECK_CONTAINS(refusal(pgm("P5 1 1 255\n", {7, 8})), "behind its last pixel");
  CHECK_CONTAINS(refusal(pgm("P5 2 1 255\n", {7})), "has 1 bytes of pixels, its header says 2");
  CHECK_CONTAINS(refusal(pgm("P5 x 1 255\n", {7})), "header is wrong");
  CHECK_CONTAINS(refusal(pgm("P5 1 1 255", {})), "header is wrong");
  CHECK_CONTAINS(refusal(pgm("P5 4294967297 1 255\n", {7})), "header is wrong");
  CHECK_CONTAINS(refusal(pgm("P5 16384 16384 255\n", {7})), "64 megapixels");
  CHECK_CONTAINS(refusal(pgm("P2 1 1 255\n", {'7'})), "plain-text PGM");
}

TEST_CASE("JPEG keeps grey grey and refuses CMYK") {
  Image flat = make_image({1, 20, 17, 1});
  std::fill(flat.pixels.begin(), flat.pixels.end(), std::byte(77));
  CHECK(equal(decode_image(jpeg(flat, JpegKind::plain), "x.jpg"), flat));
  Image color = make_image({1, 16, 16, 3});
  for (std::size_t i = 0; i < color.pixels.size(); ++i)
    color.pixels[i] = std::byte(50 + i % 3 * 70);
  for (const JpegKind kind : {JpegKind::plain, JpegKind::progressive}) {
    const Image read = decode_image(jpeg(color, kind), "x.jpg");
    REQUIRE(read.shape == color.shape);
    for (std::int64_t i = 0; i < color.shape.size(); ++i) {
      CHECK(std::abs(value(read, i) - value(color, i)) <= 2);
    }
  }
  CHECK_CONTAINS(refusal(jpeg(noise({1, 8, 8, 4}, DType::u8, 1), JpegKind::cmyk)), "CMYK");
}

TEST_CASE("TIFF is read in strips and tiles, with every usual compression and byte order") {
  for (const DType dtype : {DType::u8, DType::u16}) {
    for (const std::int64_t channels : {1, 3}) {
      const Image image = noise({1, 19, 21, channels}, dtype, 6, dtype == DType::u8 ? 255 : 65535);
      for (const int compression : {1, 5, 8, 32946, 32773}) {  // none, LZW, both Deflates, PackBits
        for (const bool tiled : {false, true}) {
          for (const bool big_endian : {false, true}) {
            const TiffParts parts{
                .compression = compression, .tiled = tiled, .big_endian = big_endian};
            CHECK(equal(decode_image(tiff(image, parts), "x.tif"), image));
          }
        }
      }
    }
  }
  Image inverse = noise({1, 3, 3, 1}, DType::u16, 7, 65535);
  const Image read = decode_image(tiff(inverse, {.photometric = 0}), "x.tif");
  CHECK(value(read, 4) == 65535 - value(inverse, 4));
}

TEST_CASE("TIFF files of other kinds are refused") {
  const Image grey = noise({1, 8, 8, 1}, DType::u8, 1), color = noise({1, 8, 8, 3}, DType::u8, 1);
  CHECK_CONTAINS(refusal(tiff(grey, {.pages = 2})), "several pages");
  CHECK_CONTAINS(refusal(tiff(grey, {.format = 3})), "floating-point");
  CHECK_CONTAINS(refusal(tiff(color, {.photometric = 8})), "neither grey nor RGB");
  CHECK_CONTAINS(refusal(tiff(color, {.photometric = 6})), "YCbCr");
  CHECK_CONTAINS(refusal(tiff(noise({1, 8, 8, 5}, DType::u8, 1), {})), "has 5 channels");
  CHECK_CONTAINS(refusal(tiff(noise({1, 8, 8, 1}, DType::u8, 1), {.photometric = 5})),
                 "photometric 5");
  Image planes = noise({1, 8, 8, 3}, DType::u8, 1);
  planes.shape.h = 2;  // the strips of the writer are those of one plane
  CHECK_CONTAINS(refusal(tiff(planes, {.separate = true})), "one after the other");
}

TEST_CASE("the content decides the format, and equal pictures have equal digests") {
  const TemporaryFolder folder;
  const Image image = noise({1, 1, 2, 1}, DType::u8, 9);
  const std::string pixels = text_of({value(image, 0), value(image, 1)});
  const auto as_png = read_image(folder.put("a.jpg", encode_png(image)));
  const auto as_pgm = read_image(folder.put("b.png", "P5 2 1 255\n" + pixels));
  CHECK(content_digest(as_png) == content_digest(as_pgm));
  Image other = image;
  other.shape = {1, 2, 1, 1};
  CHECK(content_digest(other) != content_digest(image));
  Image deep = make_image({1, 1, 1, 1}, DType::u16), shallow = make_image({1, 1, 2, 1}, DType::u8);
  CHECK(content_digest(deep) != content_digest(shallow));
}

}  // namespace
}  // namespace dagan
