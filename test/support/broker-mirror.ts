import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { KafkaRelease } from "kafka-llm-chat/internal/kafka/kafkaRelease.js";

/** What the mirror does with one request; `content` is what it should send. */
export type Answer = (response: http.ServerResponse, content: Buffer) => void;

/** A server on loopback in the place of Maven Central, with a release of a few random jars. */
export interface Mirror {
  release: KafkaRelease;
  /** Its address, for MAVEN_MIRROR. */
  url: string;
  /** Paths asked for so far. */
  requests: string[];
  /** Answers to the next requests for a jar, by its number; after them it is sent as it should be. */
  answers: Map<number, Answer[]>;
  close(): Promise<void>;
}

export async function startMirror(jars: number): Promise<Mirror> {
  const contents = Array.from({ length: jars }, () => randomBytes(100_000));
  const release: KafkaRelease = {
    version: "9.9.9",
    jars: contents.map((content, index) => ({
      coordinates: `org.example.group:jar${index}:1.${index}`, bytes: content.length, sha512: createHash("sha512").update(content).digest("hex"),
    })),
  };
  const requests: string[] = [];
  const answers: Mirror["answers"] = new Map();
  const server = http.createServer((request, response) => {
    requests.push(request.url ?? "");
    const index = Number(/^\/maven\/org\/example\/group\/jar(\d+)\/1\.\1\/jar\1-1\.\1\.jar$/.exec(request.url ?? "")?.[1]);
    const content = contents[index];
    if (content === undefined) return void response.writeHead(404).end();
    const answer = answers.get(index)?.shift() ?? SEND;
    answer(response, content);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { release, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/maven`, requests, answers, close };
}

const SEND: Answer = (response, content) => response.end(content);

/** Ends the connection in the middle of the file. */
export const BREAK: Answer = (response, content) => {
  response.writeHead(200, { "content-length": content.length });
  response.write(content.subarray(0, 50_000), () => response.destroy());
};

/** Sends half the file as if it were all. */
export const TRUNCATE: Answer = (response, content) => response.end(content.subarray(0, 50_000));

/** Sends other bytes, as many as there should be. */
export const CORRUPT: Answer = (response, content) => response.end(Buffer.alloc(content.length));

export const status = (code: number): Answer => (response) => response.writeHead(code).end("no");
