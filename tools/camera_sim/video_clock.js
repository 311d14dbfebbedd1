// Reads the barcode of clip_clock.py from a playing video element, in a browser.
//
// Pictures carry their position in the loop, and loops begin at whole multiples of their length in
// Unix time (rtp_track.py, Cursor): so the position alone tells when the camera sent a picture.
// Evaluates to a function (video, loopMs, everyMs) that returns {samples, frames, unreadable, stop}.
(video, loopMs, everyMs) => {
  const BLOCKS = 32;
  const WIDTH = BLOCKS * 8;
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const watch = { samples: [], frames: 0, unreadable: 0, stop: () => (stopped = true) };
  let stopped = false;
  let next = 0;

  function crc8(number) {
    let crc = 0xa5;
    for (const byte of [number >> 16, (number >> 8) & 255, number & 255]) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) {
        crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : crc << 1;
      }
    }
    return crc;
  }

  function read() {
    const rows = Math.max(16, Math.floor(video.videoHeight / 20));
    const middle = video.videoHeight - rows / 2 - 1;
    context.drawImage(video, 0, middle, video.videoWidth, 2, 0, 0, WIDTH, 1);
    const pixels = context.getImageData(0, 0, WIDTH, 1).data;
    const bits = [];
    for (let block = 0; block < BLOCKS; block++) {
      let sum = 0;
      for (let x = block * 8 + 3; x < block * 8 + 5; x++) sum += pixels[4 * x + 1];
      bits.push(sum / 2 > 128 ? 1 : 0);
    }
    if (bits[0] !== 1 || bits[1] !== 0 || bits[30] !== 0 || bits[31] !== 1) return null;
    const number = bits.slice(2, 30).reduce((value, bit) => value * 2 + bit, 0);
    const milliseconds = Math.floor(number / 256);
    return crc8(milliseconds) === number % 256 ? milliseconds : null;
  }

  function onFrame(_now, metadata) {
    if (stopped) return;
    watch.frames += 1;
    const shownAt = performance.timeOrigin + metadata.expectedDisplayTime;
    if (shownAt >= next) {
      next = shownAt + everyMs;
      const position = read();
      if (position === null) watch.unreadable += 1;
      else watch.samples.push([shownAt, (((shownAt - position) % loopMs) + loopMs) % loopMs]);
    }
    video.requestVideoFrameCallback(onFrame);
  }

  video.requestVideoFrameCallback(onFrame);
  return watch;
}
