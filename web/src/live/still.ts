/** Keeps the last picture on the screen while another stream begins. */

/** Draws what the video shows into the canvas; false when it shows nothing. */
export function holdPicture(video: HTMLVideoElement, canvas: HTMLCanvasElement): boolean {
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.videoWidth === 0) return false;
  // no larger than it is shown: sixteen full pictures would take a hundred megabytes
  const scale = Math.min(1, (video.clientWidth * devicePixelRatio) / video.videoWidth);
  canvas.width = Math.max(1, Math.round(video.videoWidth * scale));
  canvas.height = Math.max(1, Math.round(video.videoHeight * scale));
  const context = canvas.getContext("2d");
  context?.drawImage(video, 0, 0, canvas.width, canvas.height);
  return context !== null;
}

/** Gives the memory back. */
export function dropPicture(canvas: HTMLCanvasElement): void {
  canvas.width = 0;
  canvas.height = 0;
}
