export { Playback } from "./playback";
