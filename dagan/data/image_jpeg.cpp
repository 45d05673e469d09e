// JPEG by libjpeg-turbo. Its warnings are errors here: it fills what is missing with grey and goes
// on.
#include <csetjmp>
#include <cstdio>
// clang-format off: jpeglib.h needs <cstdio> before it
#include <jpeglib.h>
// clang-format on

#include "dagan/data/codecs.h"

namespace dagan {
namespace {

constexpr int kMostScans = 500;  // a small progressive file can ask for hours of work
constexpr long kMemory = 1L << 30;

// libjpeg leaves by longjmp, which must skip no destructor: everything that owns memory lives
// outside the functions that call setjmp, and these hold only plain values.
struct Decoder {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf escape{};
  char message[JMSG_LENGTH_MAX] = "";
  ~Decoder() { jpeg_destroy_decompress(&jpeg); }
};

[[noreturn]] void leave(j_common_ptr jpeg) {
  auto* decoder = static_cast<Decoder*>(jpeg->client_data);
  jpeg->err->format_message(jpeg, decoder->message);
  std::longjmp(decoder->escape, 1);
}

void on_message(j_common_ptr jpeg, int level) {
  if (level < 0) leave(jpeg);  // a warning: the data is damaged; others are traces
}

void on_progress(j_common_ptr jpeg) {
  auto* decoder = static_cast<Decoder*>(jpeg->client_data);
  if (decoder->jpeg.input_scan_number <= kMostScans) return;
  std::snprintf(decoder->message, sizeof decoder->message, "more than %d scans", kMostScans);
  std::longjmp(decoder->escape, 1);
}

bool read_header(Decoder& decoder, const unsigned char* data, unsigned long size) {
  decoder.jpeg.err = jpeg_std_error(&decoder.errors);
  decoder.errors.error_exit = leave;
  decoder.errors.emit_message = on_message;
  decoder.jpeg.client_data = &decoder;
  if (setjmp(decoder.escape)) return false;
  jpeg_create_decompress(&decoder.jpeg);
  decoder.jpeg.mem->max_memory_to_use = kMemory;
  decoder.progress.progress_monitor = on_progress;
  decoder.jpeg.progress = &decoder.progress;
  jpeg_mem_src(&decoder.jpeg, data, size);
  jpeg_read_header(&decoder.jpeg, TRUE);
  return true;
}

bool read_pixels(Decoder& decoder, unsigned char* to, std::size_t row_bytes) {
  if (setjmp(decoder.escape)) return false;
  jpeg_start_decompress(&decoder.jpeg);
  while (decoder.jpeg.output_scanline < decoder.jpeg.output_height) {
    unsigned char* row = to + decoder.jpeg.output_scanline * row_bytes;
    jpeg_read_scanlines(&decoder.jpeg, &row, 1);
  }
  jpeg_finish_decompress(&decoder.jpeg);
  return true;
}

}  // namespace

Image decode_jpeg(Bytes bytes, const std::string& name) {
  Decoder decoder;
  if (!read_header(decoder, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size())) {
    damaged(name, "the JPEG header cannot be read (", decoder.message, ")");
  }
  jpeg_decompress_struct& jpeg = decoder.jpeg;
  check_extent(jpeg.image_width, jpeg.image_height, name);
  const bool grey = jpeg.jpeg_color_space == JCS_GRAYSCALE;
  if (!grey && jpeg.jpeg_color_space != JCS_YCbCr && jpeg.jpeg_color_space != JCS_RGB) {
    unsupported(name, "is a JPEG with ", jpeg.num_components,
                " channels that are not red, green and blue (CMYK?)");
  }
  jpeg.out_color_space = grey ? JCS_GRAYSCALE : JCS_RGB;
  const Shape shape = {1, jpeg.image_height, jpeg.image_width, grey ? 1 : 3};  // (1,H,W,C)
  Image image = make_image(shape);
  if (!read_pixels(decoder, image.view().as<unsigned char>(), std::size_t(shape.w * shape.c))) {
    damaged(name, "the JPEG's pixels cannot be decoded (", decoder.message, ")");
  }
  return image;
}

}  // namespace dagan
