// Pictures for the scanners: the pixels of one on this page, or what the camera sees. What is in them is read elsewhere.
const LOOK_EVERY_MS = 400;
const canvas = document.createElement("canvas");

function png(source, width, height) {
  canvas.width = width;
  canvas.height = height;
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  brush.imageSmoothingEnabled = false;
  brush.drawImage(source, 0, 0, width, height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

// One that has only just been named is not there yet; null if it never comes.
export async function pixels(image) {
  const here = await image.decode().then(() => true, () => false);
  return here ? png(image, image.naturalWidth, image.naturalHeight) : null;
}

class Camera {
  #at = null;
  #stream = null;

  async start(name, finder, scan, trouble) {
    this.stop();
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      trouble();
      return;
    }
    this.#at = { name, finder };
    const video = finder.querySelector("video");
    video.srcObject = this.#stream;
    video.hidden = false;
    finder.classList.add("open");
    await video.play();
    this.#look(video, scan, this.#stream);
  }

  async #look(video, scan, stream) {
    while (this.#stream === stream) {
      const read = await scan(await png(video, video.videoWidth, video.videoHeight)).then(() => true, () => false);
      if (read && this.#stream === stream) { this.stop(); return; }
      await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
    }
  }

  stop(name) {
    if (this.#at === null || (name !== undefined && this.#at.name !== name)) return;
    for (const track of this.#stream.getTracks()) track.stop();
    const video = this.#at.finder.querySelector("video");
    video.srcObject = null;
    video.hidden = true;
    this.#at.finder.classList.remove("open");
    this.#at = this.#stream = null;
  }
}

export const camera = new Camera();
