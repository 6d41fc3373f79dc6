import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import path from "node:path";
import readline from "node:readline";
import { afterEach, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { catalogue } from "kafka-llm-chat/internal/model/catalogue.js";
import { downloadModel, type DownloadModelOptions } from "kafka-llm-chat/internal/model/downloadModel.js";
import { explainHubError, isPassing } from "kafka-llm-chat/internal/model/explainHubError.js";
import { parseHubAddress } from "kafka-llm-chat/internal/model/hubAddress.js";
import { judgeMemory, memoryNeeded } from "kafka-llm-chat/internal/model/memoryNeeded.js";
import { ModelError, resolveModel } from "kafka-llm-chat/internal/model/resolveModel.js";
import { writeWhole } from "kafka-llm-chat/internal/model/verifiedFile.js";
import { readSettings } from "kafka-llm-chat/internal/settings.js";
import { testState } from "./support/broker-state.js";
import { COMMIT, type HubServer, startHub } from "./support/hub-server.js";
import { withUntrustedServer } from "./support/untrustedServer.js";

const scratch = testState();
const roomy = { total: 1e12, free: 1e12, gpuTotal: 0, gpuFree: 0 };
const tiny = {
  title: "acme/tiny", source: { kind: "hub", repository: "acme/tiny", file: "tiny.gguf", revision: "main" },
  sizeBytes: undefined, sha256: undefined, licence: undefined, contextSize: 512, sequences: 1,
} as const;

let hub: HubServer;
let models: string;
let count = 0;

beforeEach(async () => {
  hub = await startHub();
  models = path.join(scratch, `models ä ${count++}`);
});
afterEach(() => hub.close());

function options(more: DownloadModelOptions = {}): DownloadModelOptions {
  return { modelsDirectory: models, memory: roomy, firstPauseMs: 5, connection: { endpoint: hub.endpoint, token: undefined }, ...more };
}

const folder = (): string => path.join(models, "acme", "tiny", COMMIT);
const whole = (): string => path.join(folder(), "tiny.gguf");
const part = (): string => `${whole()}.part`;
/** Requests for content, without the library's question for one byte. */
const transfers = (): (string | undefined)[] => hub.requests.filter(({ server, range }) => server === "store" && range !== "bytes=0-0").map(({ range }) => range);

async function leavePart(content: Buffer): Promise<void> {
  await mkdir(folder(), { recursive: true });
  await writeFile(part(), content);
  await writeFile(`${part()}.json`, JSON.stringify({ sha256: hub.sha256, sizeBytes: hub.content.length }));
}

describe("a download from the hub", () => {
  test("brings the file under its commit, tells the bytes, and leaves nothing else behind", async () => {
    const seen: { what: string; done: number; total: number | undefined }[] = [];
    const found = await downloadModel(tiny, options({ onProgress: (progress) => seen.push(progress) }));
    assert.deepEqual(found, { path: whole(), sha256: hub.sha256, commit: COMMIT, licence: "apache-2.0" });
    assert.deepEqual(await readFile(whole()), hub.content);
    assert.deepEqual((await readdir(folder())).sort(), ["tiny.gguf", "tiny.gguf.sha256.json"]);
    assert.deepEqual((await readdir(path.dirname(folder()))).sort(), [COMMIT, "refs"]);
    assert.deepEqual(seen.filter(({ what }) => what === "tiny.gguf").at(-1), { what: "tiny.gguf", done: hub.content.length, total: hub.content.length, unit: "bytes" });
  });

  test("of a file that is there asks nothing of the network and reads no content", async () => {
    await downloadModel(tiny, options());
    hub.requests.length = 0;
    const seen: unknown[] = [];
    const found = await downloadModel(tiny, options({ onProgress: (progress) => seen.push(progress) }));
    assert.equal(found.path, whole());
    assert.deepEqual(hub.requests, []);
    assert.deepEqual(seen, []);
  });

  test("of a file that somebody has touched checks it again, without the network", async () => {
    await downloadModel(tiny, options());
    await utimes(whole(), new Date(), new Date(0));
    await hub.close();
    assert.equal((await downloadModel(tiny, options())).sha256, hub.sha256);
  });

  test("of a file that is there asks nothing where nothing can be written down, and when its check is cancelled throws the reason", async () => {
    await downloadModel(tiny, options());
    await hub.close();
    // A folder under the record's name: nobody can write the record then, root neither.
    await rm(`${whole()}.sha256.json`);
    await mkdir(`${whole()}.sha256.json`);
    await writeFile(`${part()}.json`, JSON.stringify({ sha256: hub.sha256, sizeBytes: hub.content.length }));
    for (let time = 0; time < 2; time++) assert.equal((await downloadModel(tiny, options())).sha256, hub.sha256);
    const cancel = new AbortController();
    await assert.rejects(downloadModel(tiny, options({ signal: cancel.signal, onProgress: () => cancel.abort(new Error("enough")) })), { message: "enough" });
  });

  test("replaces a file whose content has changed", async () => {
    await downloadModel(tiny, options());
    await writeFile(whole(), "damaged");
    await downloadModel(tiny, options());
    assert.deepEqual(await readFile(whole()), hub.content);
  });

  test("accepts a finished file whose process was killed before it wrote down the check", async () => {
    await downloadModel(tiny, options());
    await rm(`${whole()}.sha256.json`);
    await writeFile(`${part()}.json`, JSON.stringify({ sha256: hub.sha256, sizeBytes: hub.content.length }));
    hub.requests.length = 0;
    await downloadModel(tiny, options());
    assert.deepEqual(hub.requests, []);
    assert.deepEqual((await readdir(folder())).sort(), ["tiny.gguf", "tiny.gguf.sha256.json"]);
  });

  test("resumes after broken connections and answers that end early", async () => {
    hub.behave = { breaks: { count: 2, afterBytes: 700_000 }, truncations: { count: 1, toBytes: 100_000 } };
    await downloadModel(tiny, options());
    assert.deepEqual(await readFile(whole()), hub.content);
    const ranges = transfers();
    assert.equal(ranges.length, 4);
    assert.equal(ranges[0], undefined);
    assert.ok(ranges.slice(1).every((range) => /^bytes=[1-9]\d*-2999999$/.test(range ?? "")), String(ranges));
  });

  test("gives up after five tries that bring nothing, and keeps what has come", async () => {
    await leavePart(hub.content.subarray(0, 1_000_000));
    hub.behave = { download: { status: 503 } };
    await assert.rejects(downloadModel(tiny, options()), { name: "ModelError", message: /Downloading acme\/tiny failed: the hub answers 503 .*what has come is kept/ });
    assert.equal(hub.requests.filter(({ path }) => path.includes("/resolve/")).length, 5);
    hub.behave = {};
    await downloadModel(tiny, options());
    assert.deepEqual(transfers(), ["bytes=1000000-2999999"]);
  });

  test("asks again where the hub or its store stops answering, and says so", { timeout: 30_000 }, async () => {
    hub.behave = { silences: 1, holdAfter: 1_000_000 };
    const notices: string[] = [];
    await downloadModel(tiny, options({ silenceMs: 1000, onNotice: (notice) => {
      notices.push(notice);
      if (notices.length === 2) hub.release();
    } }));
    assert.deepEqual(notices, ["acme/tiny: nothing came for 1000ms. Trying again in 0 s (try 2 of 5).", "acme/tiny: nothing came for 1000ms. Trying again in 0 s."]);
    assert.deepEqual(await readFile(whole()), hub.content);
  });

  test("begins again where the server cannot start in the middle", async () => {
    await leavePart(hub.content.subarray(0, 1_000_000));
    hub.behave = { ignoreRange: true };
    await downloadModel(tiny, options());
    assert.deepEqual(await readFile(whole()), hub.content);
    assert.deepEqual(transfers(), ["bytes=1000000-2999999", undefined]);
  });

  test("begins again when what an earlier run has left is damaged", async () => {
    await leavePart(Buffer.alloc(1_000_000, 1));
    await downloadModel(tiny, options());
    assert.deepEqual(await readFile(whole()), hub.content);
  });

  test("begins again when what an earlier run has left belongs to another content", async () => {
    await leavePart(Buffer.alloc(1_000_000, 1));
    await writeFile(`${part()}.json`, JSON.stringify({ sha256: "f".repeat(64), sizeBytes: 5 }));
    await downloadModel(tiny, options());
    assert.deepEqual(transfers(), [undefined]);
  });

  test("speaks plain ranges with a hub that offers its xet protocol", async () => {
    await leavePart(hub.content.subarray(0, 2_000_000));
    hub.behave = { xet: true };
    await downloadModel(tiny, options());
    assert.deepEqual(transfers(), ["bytes=2000000-2999999"]);
  });

  test("keeps to the commit that a branch was at its first download", async () => {
    await downloadModel(tiny, options());
    hub.head = "f".repeat(40);
    assert.equal((await downloadModel(tiny, options())).commit, COMMIT);
    const pinned = { ...tiny, source: { ...tiny.source, revision: hub.head } };
    assert.equal((await downloadModel(pinned, options())).commit, hub.head);
  });

  for (const same of [true, false]) {
    test(`${same ? "keeps" : "drops"} what has come of a branch that has moved on ${same ? "without a change of the file" : "to another file"}`, async () => {
      await leavePart(hub.content.subarray(0, 1000));
      if (!same) await writeFile(`${part()}.json`, JSON.stringify({ sha256: "f".repeat(64), sizeBytes: 5 }));
      await mkdir(path.join(models, "acme", "tiny", "refs", "main"), { recursive: true });
      await writeFile(path.join(models, "acme", "tiny", "refs", "main", "tiny.gguf"), COMMIT);
      hub.head = "f".repeat(40);
      const found = await downloadModel(tiny, options());
      assert.deepEqual(await readFile(found.path), hub.content);
      assert.deepEqual(transfers(), [same ? "bytes=1000-2999999" : undefined]);
      assert.deepEqual(await readdir(folder()), []);
    });
  }

  test("gives the token to the hub and to nobody else", async () => {
    await downloadModel(tiny, options({ connection: { endpoint: `${hub.endpoint}/`, token: "any-mirror's-token" } }));
    assert.deepEqual(new Set(hub.requests.filter(({ server }) => server === "hub").map(({ authorization }) => authorization)), new Set(["Bearer any-mirror's-token"]));
    assert.deepEqual(new Set(hub.requests.filter(({ server }) => server === "store").map(({ authorization }) => authorization)), new Set([undefined]));
  });
});

describe("a download that cannot succeed says why and what to do", () => {
  const failures: { title: string; behave: HubServer["behave"]; token?: string; message: RegExp; tries?: number }[] = [
    { title: "a gated model without a token", behave: { download: { status: 401, code: "GatedRepo" } }, message: /accepted its terms .*set HF_TOKEN/ },
    { title: "a gated model with a token", behave: { download: { status: 403, code: "GatedRepo" } }, token: "hf_x", message: /HF_TOKEN has not been given access to this model/ },
    { title: "an unknown model", behave: { api: { status: 401, code: "RepoNotFound" } }, message: /no such public model .*a private model needs HF_TOKEN/ },
    { title: "a bad token", behave: { api: { status: 401 } }, token: "hf_x", message: /does not accept HF_TOKEN/ },
    { title: "a token that may not read", behave: { api: { status: 403 } }, token: "hf_x", message: /access is refused/ },
    { title: "an unknown file", behave: { download: { status: 404, code: "EntryNotFound" } }, message: /no such model or file/ },
    { title: "an unknown revision", behave: { api: { status: 404, code: "RevisionNotFound" } }, message: /no such revision/ },
    { title: "a file without a checksum", behave: { noLfs: true }, message: /tells no size and SHA-256 of tiny\.gguf, .*\(LFS\).*set CHAT_MODEL to its path\.$/ },
    { title: "wrong bytes", behave: { wrongBytes: true }, message: /wrong checksum, its SHA-256 is [0-9a-f]{64}, not [0-9a-f]{64}/ },
    { title: "a size that is not the announced one", behave: { storedSize: 2_999_999 }, message: /announced 3000000 bytes and now speaks of 2999999/ },
    { title: "more bytes than announced", behave: { announcedSize: 2_000_000, storedSize: 2_000_000 }, message: /more than the 2000000 bytes/ },
    { title: "a disk that is too small", behave: { announcedSize: 2 ** 50, storedSize: 2 ** 50 }, message: /needs 1125900\.0 GB on the disk of .* are free\. Make room, or set KAFKA_LLM_CHAT_STATE/ },
  ];
  for (const { title, behave, token, message } of failures) {
    test(title, async () => {
      hub.behave = behave;
      const memory = { ...roomy, total: 2 ** 60, free: 2 ** 60 };
      await assert.rejects(downloadModel(tiny, options({ memory, connection: { endpoint: hub.endpoint, token } })), (error) => {
        assert.ok(error instanceof ModelError);
        assert.match(error.message, message);
        return true;
      });
      assert.equal(existsSync(whole()), false);
      assert.ok(hub.requests.length <= 6, "it was tried again without need");
    });
  }

  test("no network", async () => {
    await hub.close();
    await assert.rejects(downloadModel(tiny, options()), { name: "ModelError", message: /no connection to http.* \(connect ECONNREFUSED 127\.0\.0\.1:\d+\)\. Check the network, the proxy \(HTTPS_PROXY\) or HF_ENDPOINT/ });
  });

  test("a server that is no hub", async () => {
    const other = http.createServer((_, response) => response.end("<html>"));
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const endpoint = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    await assert.rejects(downloadModel(tiny, options({ connection: { endpoint, token: undefined } })), { name: "ModelError", message: /does not answer as the Hugging Face hub does/ });
    other.closeAllConnections();
    other.close();
  });

  test("a full disk", { skip: !existsSync("/dev/full") }, async () => {
    await leavePart(Buffer.alloc(0));
    await rm(part());
    await symlink("/dev/full", part());
    await assert.rejects(downloadModel(tiny, options()), { name: "ModelError", message: /the disk of .* is full\. Make room/ });
  });

  test("a folder of models that is a file, without asking the network", async () => {
    await mkdir(path.dirname(models), { recursive: true });
    await writeFile(models, "");
    await assert.rejects(downloadModel(tiny, options()), { name: "ModelError", message: /models ä \d+\/acme\/tiny cannot be used \((ENOTDIR|EEXIST).*\)\. Check that folder and its disk, or set KAFKA_LLM_CHAT_STATE/ });
    assert.deepEqual(hub.requests, []);
  });

  test("a certificate that is not trusted, and a server that does not speak TLS", async () => {
    await withUntrustedServer(async (endpoint) => {
      await assert.rejects(downloadModel(tiny, options({ connection: { endpoint, token: undefined } })), { name: "ModelError", message: /the certificate of https:.* is not trusted \(UNABLE_TO_VERIFY_LEAF_SIGNATURE: .*set NODE_EXTRA_CA_CERTS to the file/ });
      await assert.rejects(downloadModel(tiny, options({ connection: { endpoint: hub.endpoint.replace("http:", "https:"), token: undefined } })), { name: "ModelError", message: /no encrypted connection to https:.* \(ERR_SSL_.*begin with the right one of http/ });
    });
  });

  test("a proxy that wants a password", async () => {
    const proxy = http.createServer();
    proxy.on("connect", (_, socket: net.Socket) => socket.end("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"));
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    try {
      const child = startDownload({ HTTP_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, NO_PROXY: "", no_proxy: "" });
      const { error } = await child.until((event) => event.error !== undefined);
      assert.match(error ?? "", /the proxy of HTTPS_PROXY does not connect to http.* \(.*Proxy response \(407\).*\)\. For 407 it wants user and password/);
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  });

  const coded = (code: string, message: string, syscall?: string): Error => Object.assign(new Error(message), { code, ...(syscall === undefined ? {} : { syscall }) });
  const reasons: [string, unknown, RegExp, boolean][] = [
    ["a disk with errors", coded("EIO", "EIO: i/o error, write", "write"), /\/models cannot be used \(EIO: i\/o error, write\)/, false],
    ["a disk for small files", coded("EFBIG", "EFBIG: file too large, write", "write"), /the file system of \/models cannot hold it \(EFBIG.*FAT32/, false],
    ["a disk without hard links", coded("EPERM", "EPERM: operation not permitted, link", "link"), /the file system of \/models cannot hold it .*no hard links/, false],
    ["too many open files", coded("EMFILE", "EMFILE: too many open files, open", "open"), /too many files and connections are open/, false],
    ["a forbidden connection", new TypeError("fetch failed", { cause: coded("EPERM", "connect EPERM 1.2.3.4:443", "connect") }), /no connection to the hub \(connect EPERM 1\.2\.3\.4:443\)/, true],
    ["a name with two addresses", new TypeError("fetch failed", { cause: Object.assign(new AggregateError([coded("ECONNREFUSED", "connect ECONNREFUSED ::1:1"), coded("ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:1")]), { code: "ECONNREFUSED" }) }), /no connection to the hub \(connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127\.0\.0\.1:1\)/, true],
    ["a busy proxy", new TypeError("fetch failed", { cause: coded("UND_ERR_ABORTED", "Proxy response (502) !== 200 when HTTP Tunneling") }), /the proxy .*\(UND_ERR_ABORTED: Proxy response \(502\)/, true],
    ["an expired certificate", new TypeError("fetch failed", { cause: coded("CERT_HAS_EXPIRED", "certificate has expired") }), /certificate .*\(CERT_HAS_EXPIRED: certificate has expired\).*clock/, false],
    ["an address that is none", coded("ERR_INVALID_URL", "Invalid URL"), /an address cannot be read \(ERR_INVALID_URL: Invalid URL\)\. Check HF_ENDPOINT and the proxy/, false],
    ["a lock that is never released", new Error("/models/tiny.gguf.lock not released by its holder after 86400000ms"), /failed: \/models\/tiny\.gguf\.lock not released by its holder after 86400000ms\. Run this again/, true],
  ];
  for (const [title, error, message, passes] of reasons) {
    test(`${title}, with code and message`, () => {
      assert.match(explainHubError(error, { title: "acme/tiny", folder: "/models", connection: { endpoint: undefined, token: undefined } }).message, message);
      assert.equal(isPassing(error), passes);
    });
  }

  test("a file that is not the catalogue's, before anything is downloaded", async () => {
    await assert.rejects(downloadModel({ ...tiny, sha256: "a".repeat(64) }, options()), { message: /is not the file that the catalogue describes/ });
    assert.deepEqual(transfers(), []);
  });

  test("a model that is bigger than the machine's memory, before anything is downloaded", async () => {
    const memory = { total: 1_000_000, free: 1_000_000, gpuTotal: 1_000_000, gpuFree: 0 };
    await assert.rejects(downloadModel(tiny, options({ memory })), { message: /acme\/tiny needs about 5 MB of memory, and this machine has 2 MB, the GPU's included\. Choose a smaller model\./ });
    assert.deepEqual(transfers(), []);
  });
});

describe("before the download, a person is told of", () => {
  test("the licence, where it asks something", async () => {
    hub.tags = ["license:llama2"];
    const notices: string[] = [];
    await downloadModel(tiny, options({ onNotice: (notice) => notices.push(notice) }));
    assert.match(notices.join(), /under the licence "llama2"/);
    // A commit is no reason to keep quiet about it.
    const pinned: string[] = [];
    await downloadModel({ ...tiny, source: { ...tiny.source, revision: COMMIT } }, options({ modelsDirectory: `${models} pinned`, onNotice: (notice) => pinned.push(notice) }));
    assert.deepEqual(pinned, notices);
    const llama = catalogue.find(({ name }) => name === "llama-2-7b-chat");
    assert.match(llama?.licenceNotice ?? "", /LLAMA 2 Community License/);
  });

  test("memory that may not suffice now", async () => {
    const notices: string[] = [];
    await downloadModel(tiny, options({ memory: { total: 8e9, free: 1e6, gpuTotal: 0, gpuFree: 0 }, onNotice: (notice) => notices.push(notice) }));
    assert.match(notices.join(), /acme\/tiny needs about 5 MB of memory, and 1 MB are free now\./);
  });
});

describe("downloads end and share", () => {
  test("on cancel at once, keeping what has come", async () => {
    hub.behave = { holdAfter: 1_000_000 };
    const cancel = new AbortController();
    const running = downloadModel(tiny, options({ signal: cancel.signal, onProgress: ({ done }) => done > 0 && cancel.abort(new Error("enough")) }));
    await assert.rejects(running, { message: "enough" });
    assert.ok(existsSync(part()));
    hub.release();
    await downloadModel(tiny, options());
    assert.match(transfers().at(-1) ?? "", /^bytes=[1-9]/);
  });

  test("when two ask at once in one process, with one transfer, even if the first is cancelled", async () => {
    hub.behave = { holdAfter: 1_000_000 };
    const cancel = new AbortController();
    const progress = (more: DownloadModelOptions = {}): { download: ReturnType<typeof downloadModel>; begun: Promise<number | undefined> } => {
      let began: (total: number | undefined) => void;
      const begun = new Promise<number | undefined>((resolve) => (began = resolve));
      return { download: downloadModel(tiny, options({ ...more, onProgress: ({ done, total }) => done > 0 && began(total) })), begun };
    };
    const { download: first, begun } = progress({ signal: cancel.signal });
    await begun;
    // The second one sees how far the first one is.
    const { download: second, begun: waiting } = progress();
    assert.equal(await waiting, hub.content.length);
    cancel.abort(new Error("enough"));
    await assert.rejects(first, { message: "enough" });
    hub.release();
    assert.equal((await second).sha256, hub.sha256);
    assert.equal(transfers().length, 2);
    assert.match(transfers()[1] ?? "", /^bytes=[1-9]/);
  });

  test("after kill -9 of the downloading process, where it was", async () => {
    hub.behave = { holdAfter: 1_000_000 };
    const killed = startDownload();
    await killed.until(({ done }) => done !== undefined && done > 0);
    killed.process.kill("SIGKILL");
    await once(killed.process, "exit");
    hub.release();
    const next = startDownload();
    assert.equal((await next.until(({ sha256 }) => sha256 !== undefined)).sha256, hub.sha256);
    assert.deepEqual(await readFile(whole()), hub.content);
    assert.match(transfers().at(-1) ?? "", /^bytes=[1-9]\d*-2999999$/);
  });

  test("when two processes ask at once, with one transfer", async () => {
    hub.behave = { holdAfter: 1_000_000 };
    const first = startDownload();
    await first.until(({ done }) => done !== undefined && done > 0);
    const second = startDownload();
    // The second one sees how far the first one is.
    await second.until(({ done }) => done !== undefined && done > 0);
    hub.release();
    for (const { until } of [first, second]) assert.equal((await until(({ sha256 }) => sha256 !== undefined)).sha256, hub.sha256);
    assert.deepEqual(transfers(), [undefined]);
  });
});

test("a proxy that the environment names carries everything", async () => {
  const carried: string[] = [];
  const proxy = http.createServer((_, response) => response.end());
  proxy.on("connect", (request, socket: net.Socket) => {
    carried.push(`${request.url ?? ""} ${request.headers["proxy-authorization"] ?? ""}`);
    const { hostname, port } = new URL(`http://${request.url ?? ""}`);
    const onward = net.connect(Number(port), hostname, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(onward).pipe(socket);
    });
    for (const end of [socket, onward]) end.on("error", () => [socket, onward].forEach((side) => side.destroy()));
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const child = startDownload({ HTTP_PROXY: `http://me:secret@127.0.0.1:${(proxy.address() as AddressInfo).port}`, NO_PROXY: "", no_proxy: "" });
  assert.equal((await child.until(({ sha256 }) => sha256 !== undefined)).sha256, hub.sha256);
  assert.equal(carried[0], `${new URL(hub.endpoint).host} Basic ${Buffer.from("me:secret").toString("base64")}`);
  assert.ok(carried.length >= 2, "the store was reached directly");
  proxy.closeAllConnections();
  proxy.close();
});

test("a file is written by many at once, whole and without a trace of those that fail", async () => {
  await mkdir(path.join(models, "folder"), { recursive: true });
  const file = path.join(models, "record.json");
  await Promise.all(Array.from({ length: 16 }, (_, index) => writeWhole(file, `whole ${index}\n`)));
  assert.match(await readFile(file, "utf8"), /^whole \d+\n$/);
  await assert.rejects(writeWhole(path.join(models, "folder"), "text"), { code: "EISDIR" });
  assert.deepEqual((await readdir(models)).sort(), ["folder", "record.json"]);
});

test("a catalogue model is asked for by its commit alone", async () => {
  const known = { ...tiny, source: { ...tiny.source, revision: COMMIT }, sha256: hub.sha256, sizeBytes: hub.content.length, licence: "MIT" };
  await downloadModel(known, options());
  assert.deepEqual(hub.requests.filter(({ path }) => path.startsWith("/api/")).map(({ method, path }) => `${method} ${path}`), [`POST /api/models/acme/tiny/paths-info/${COMMIT}`]);
});

describe("names of models", () => {
  test("are hub addresses with or without a revision", () => {
    assert.deepEqual(parseHubAddress("hf:acme/tiny/q4/tiny.gguf@v1/x"), { kind: "hub", repository: "acme/tiny", file: "q4/tiny.gguf", revision: "v1/x" });
    assert.equal(parseHubAddress("hf:acme/tiny/tiny.gguf")?.revision, "main");
    assert.equal(parseHubAddress("marvin"), undefined);
  });

  for (const bad of ["hf:acme/tiny.gguf", "hf:acme/tiny/../x.gguf", "hf:../tiny/x.gguf", "hf:acme/tiny/x.bin", "hf:acme/tiny/x.gguf@../../y", "hf:acme/tiny/x-00001-of-00002.gguf", "hf:"]) {
    test(`are refused with the form: ${bad}`, () => assert.throws(() => parseHubAddress(bad), ModelError));
  }

  test("that nobody knows are answered with what there is", async () => {
    await assert.rejects(resolveModel("gpt-7"), { message: /CHAT_MODEL is "gpt-7", but it is one of "marvin", "qwen2.5-0.5b".*hf:owner\/repository\/file.gguf, or the path/ });
  });

  test("of the catalogue are unique, pinned, and have figures that agree", () => {
    assert.equal(new Set(catalogue.map(({ name }) => name)).size, catalogue.length);
    for (const { name, source, sha256, sizeBytes, licence } of catalogue) {
      if (source.kind === "hub") assert.deepEqual(parseHubAddress(`hf:${source.repository}/${source.file}@${source.revision}`), source);
      assert.match(sha256 ?? "", /^[0-9a-f]{64}$/, name);
      assert.ok(sizeBytes !== undefined && licence !== undefined, name);
    }
  });
});

test("a model's memory is its file, its context and what is computed in", () => {
  const llama = catalogue.find(({ name }) => name === "llama-2-7b-chat");
  assert.ok(llama?.sizeBytes !== undefined);
  // 2 conversations x 2,048 tokens x 512 KiB are 2 GiB.
  assert.equal(memoryNeeded(llama.sizeBytes, llama), llama.sizeBytes + 2 ** 31 + 300 * 2 ** 20);
  assert.deepEqual(judgeMemory(llama.sizeBytes, llama, { total: 16e9, free: 12e9, gpuTotal: 0, gpuFree: 0 }), {});
  assert.match(judgeMemory(llama.sizeBytes, llama, { total: 8e9, free: 4e9, gpuTotal: 0, gpuFree: 0 }).warning ?? "", /needs about 6\.5 GB of memory, and 4\.0 GB are free now/);
  const undescribed = { title: "", contextSize: 2048, sequences: 4 };
  assert.equal(memoryNeeded(4e9, { ...undescribed, sequences: 8 }) - memoryNeeded(4e9, undescribed), 1e9);
});

test("a GPU without room for the whole model is told of before the download, with what would fit", () => {
  const qwen = catalogue.find(({ name }) => name === "qwen3-8b");
  assert.ok(qwen?.sizeBytes !== undefined);
  const machine = { total: 32e9, free: 24e9, gpuTotal: 8e9, gpuFree: 7.8e9 };
  assert.equal(judgeMemory(qwen.sizeBytes, qwen, machine).warning,
    "Qwen3 8B, for a GPU needs about 10.2 GB of memory, and 7.8 GB of the GPU's are free now: what does not fit there runs on the CPU, which is slower. With CHAT_SEQUENCES=2 all of it fits.");
  assert.doesNotMatch(judgeMemory(qwen.sizeBytes, qwen, { ...machine, gpuFree: 4e9 }).warning ?? "", /CHAT_SEQUENCES/);
  assert.deepEqual(judgeMemory(qwen.sizeBytes, qwen, { ...machine, gpuTotal: 12e9, gpuFree: 11e9 }), {});
});

test("CHAT_SEQUENCES is a number of conversations, or the catalogue's figure", () => {
  assert.equal(readSettings({}).chatSequences, undefined);
  assert.equal(readSettings({ CHAT_SEQUENCES: "64" }).chatSequences, 64);
  for (const bad of ["0", "1.5", "257", "many"]) assert.throws(() => readSettings({ CHAT_SEQUENCES: bad }), { message: `CHAT_SEQUENCES is "${bad}", but it is a whole number of conversations from 1 to 256` });
});

test("LLAMA_CUDA is auto unless it is set, and refused if it is something else", () => {
  assert.equal(readSettings({}).llama.cuda, "auto");
  assert.throws(() => readSettings({ LLAMA_CUDA: "maybe" }), { message: 'LLAMA_CUDA is "maybe", but it is one of auto, build, off' });
});

test("HF_ENDPOINT is an address, with or without a path, and refused if it is something else", () => {
  assert.equal(readSettings({}).huggingFace.endpoint, undefined);
  assert.equal(readSettings({ HF_ENDPOINT: "https://mirror.example/hub/" }).huggingFace.endpoint, "https://mirror.example/hub/");
  for (const bad of ["mirror.example", "mirror.example:8080", "https://", "ftp://mirror.example"]) {
    assert.throws(() => readSettings({ HF_ENDPOINT: bad }), { message: `HF_ENDPOINT is "${bad}", but it is the address of a server that begins with https:// or http://, such as https://mirror.example.org` });
  }
});

interface Event { done?: number; sha256?: string; error?: string }
function startDownload(env: NodeJS.ProcessEnv = {}): { process: ReturnType<typeof spawn>; until: (condition: (event: Event) => boolean) => Promise<Event> } {
  const script = fileURLToPath(new URL("support/hub-download.js", import.meta.url));
  const child = spawn(process.execPath, [script, hub.endpoint, models], { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] });
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { process: child, until: async (condition) => {
    for (;;) {
      const { value, done } = await lines.next() as { value: string; done?: boolean };
      if (done === true) throw new Error(`the downloading process ended (${child.exitCode ?? "killed"})`);
      const event = JSON.parse(value) as Event;
      if (condition(event)) return event;
    }
  } };
}
