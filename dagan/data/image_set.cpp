#include "dagan/data/image_set.h"

#include <unistd.h>

#include "core/check.h"
#include "dagan/data/file.h"

namespace dagan {
namespace {

void check_memory(std::size_t images, const Preprocessing& how) {
  const double bytes = double(images) * double(how.elements()) * sizeof(float);
  const double machine = double(sysconf(_SC_PHYS_PAGES)) * double(sysconf(_SC_PAGE_SIZE));
  check(Fault::data, bytes < machine, images, " images of ", how.size, " x ", how.size, " x ",
        how.channels, " need ", bytes * 0x1p-30, " GiB, and this machine has ", machine * 0x1p-30,
        "; use fewer images or a smaller data.size");
}

}  // namespace

ImageSet::ImageSet(std::vector<std::filesystem::path> files, Preprocessing how,
                   std::string reference)
    : files_(std::move(files)),
      how_(how),
      reference_(std::move(reference)),
      contents_(files_.size()),
      shapes_(files_.size()) {
  check_memory(files_.size(), how_);
  if (reference_.empty() && !files_.empty()) reference_ = shown(files_[0]);
  const std::size_t elements = std::size_t(how_.elements());
  pixels_ = std::make_unique_for_overwrite<float[]>(files_.size() * elements);
  jobs_ = std::make_unique<Jobs>(files_.size(), [this, elements](std::size_t i) {
    const Image image = read_image(files_[i]);
    preprocess(image, how_, &pixels_[i * elements], shown(files_[i]), reference_);
    contents_[i] = content_digest(image);
    shapes_[i] = image.shape;
  });
}

ImageSet::~ImageSet() = default;

std::span<const float> ImageSet::image(std::size_t index) const {
  check(index < size(), "[image_set] there is no image ", index, " among ", size());
  jobs_->wait(index);
  const std::size_t elements = std::size_t(how_.elements());
  return {&pixels_[index * elements], elements};
}

void ImageSet::wait_all() const { jobs_->wait_all(); }

std::span<const float> ImageSet::all() const {
  wait_all();
  return {pixels_.get(), size() * std::size_t(how_.elements())};
}

std::span<const Digest> ImageSet::contents() const {
  wait_all();
  return contents_;
}

Shape ImageSet::source_shape(std::size_t index) const {
  check(index < size(), "[image_set] there is no image ", index, " among ", size());
  jobs_->wait(index);
  return shapes_[index];
}

}  // namespace dagan
