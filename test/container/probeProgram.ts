import http from "node:http";
import type { Answer } from "./ContainerTool.js";

// node probeProgram.js URL HEADERS: one GET request; prints the Answer. A program, so that it can run in a container's network.
const [url = "", headers = "{}"] = process.argv.slice(2);
const request = http.get(url, { headers: JSON.parse(headers) as Record<string, string>, timeout: 30_000 });
const tell = ({ statusCode = 0, headers }: http.IncomingMessage) => {
  const answer: Answer = { status: statusCode, headers };
  console.log(JSON.stringify(answer));
  request.destroy();
};
request.once("response", tell).once("upgrade", tell).once("timeout", () => request.destroy(new Error("no answer within 30 s")));
