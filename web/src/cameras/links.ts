/** Addresses of a camera on the other pages. */

const query = (cameraId: string) => `?camera=${encodeURIComponent(cameraId)}`;

export const livePath = (cameraId: string): string => `/live${query(cameraId)}`;
export const playbackPath = (cameraId: string): string => `/playback${query(cameraId)}`;
