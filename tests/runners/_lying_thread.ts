// A thread that says, of its first job, that it took no time that there is.
import {
  IN_MEMORY,
  LEFT,
  type SetupMessage,
  SharedPlaces,
  STOP,
} from "../../runners/_worker_protocol.ts";

let places = new SharedPlaces();

addEventListener("message", (event) => {
  const { data } = event as MessageEvent<SetupMessage | { readonly kind: "leave" }>;
  if (data.kind === "setup") {
    places = new SharedPlaces(data.places);
    const { outcomes, states } = places;
    outcomes.put({ place: 0, kind: "done", start: 0, duration: 0, took: NaN, value: undefined });
    outcomes.put({ place: 1, kind: "done", start: 0, duration: 0, took: 1, value: undefined });
    for (const place of [0, 1]) Atomics.store(states, place, IN_MEMORY);
  } else {
    Atomics.store(places.states, STOP, LEFT);
    Atomics.notify(places.states, STOP);
  }
});
