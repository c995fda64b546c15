// The original but for `WebSocket`: the tests wait for one message after the other, and `ws` now emits a second one of the same segment
// before a test waits for it. (The suite of Engine.IO waits in another way, and needs what `ws` does now.)
import fetch from "node-fetch";
import { WebSocket } from "ws";
import chai from "chai";
import chaiString from "chai-string";

chai.use(chaiString);

globalThis.fetch = fetch;
globalThis.WebSocket = class extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols, { allowSynchronousEvents: false });
  }
};
globalThis.chai = chai;
