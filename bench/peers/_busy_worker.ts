import { burn } from "./tasks.ts";

const thread = self as unknown as {
  onmessage: (event: MessageEvent<number>) => void;
  postMessage(value: number): void;
};
thread.onmessage = ({ data }) => thread.postMessage(burn(data));
