import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { repositoryRoot } from "kafka-llm-chat/internal/paths.js";
import { main } from "../bench/bench.js";
import { drawResult } from "../bench/support/draw.js";
import { orderOf } from "../bench/support/orderOf.js";
import { renderResult } from "../bench/support/render.js";
import { fillReadme, type Report } from "../bench/support/Report.js";
import type { Result } from "../bench/support/Result.js";
import { spread } from "../bench/support/spread.js";

const result: Result = {
  title: "One turn", goal: "soon", contestants: ["through Kafka", "same process"], compare: "added",
  rows: [
    { name: "first token", unit: "ms", values: [[15, 13, 14], [5, 6, Number.NaN]], headline: true },
    { name: "last token", unit: "ms", values: [[30], [20]] },
  ],
};
const report: Report = {
  machine: { processor: "Some CPU", cores: 2, memoryGB: 8, system: "Linux 6.1", node: "22.12.0", kafka: "4.3.1", model: "Marvin" },
  rounds: 3, long: false, results: { turns: [result] },
};

describe("what the benchmark writes", () => {
  test("has median, 99th percentile, least and most of what could be measured", () => {
    assert.deepEqual(spread([3, null, 1, Number.NaN, 2, 4]), { count: 4, median: 2.5, p99: 4, least: 1, most: 4 });
    assert.equal(spread([]).median, Number.NaN);
  });

  test("compares what was measured beside each other", () => {
    assert.match(renderResult(result), /\| first token \| 14\.0 ms \(13\.0 to 15\.0\) \| 5\.50 ms \(5\.00 to 6\.00\) \| 8\.50 ms \(7\.00 to 10\.0\) \|/);
  });

  test("holds contestants against each other in every order: two change places from round to round", () => {
    assert.deepEqual([0, 1, 2, 3].map((round) => orderOf(["a", "b"], round).join("")), ["ab", "ba", "ab", "ba"]);
    const three = [0, 1, 2, 3, 4, 5].map((round) => orderOf(["a", "b", "c"], round).join(""));
    assert.deepEqual([...new Set(three)].sort(), ["abc", "acb", "bac", "bca", "cab", "cba"]);
  });

  test("is a picture in which what could not be measured has no place", () => {
    assert.doesNotMatch(drawResult(result), /NaN|Infinity/);
  });

  test("fits into the README, also a second time, and after a way through JSON", async () => {
    const readme = await readFile(path.join(repositoryRoot, "README.md"), "utf8");
    const once = fillReadme(readme, JSON.parse(JSON.stringify(report)) as Report, "docs/bench");
    assert.match(once, /\| One turn: first token \| through Kafka 14\.0 ms; same process 5\.50 ms \| 8\.50 ms \(7\.00 to 10\.0\) \| soon \|/);
    assert.match(once, /Measured on 2 cores of Some CPU, 8 GB, Linux 6\.1, Node 22\.12\.0, Kafka 4\.3\.1, Marvin; 3 rounds\./);
    assert.match(once, /!\[One turn with and without Kafka\]\(docs\/bench\/turns-1\.svg\)/);
    assert.doesNotMatch(once, /One turn: last token|throughput-1/);
    assert.equal(fillReadme(once, report, "docs/bench"), once);
    assert.throws(() => fillReadme("no marks", report, "docs/bench"), /has no place for the table/);
  });
});

test("the benchmark refuses rounds that are no whole number above 0, and measurements that there are not", async ({ mock }) => {
  const said = mock.method(console, "error", () => undefined);
  for (const rounds of ["0", "2.5", "many", ""]) assert.equal(await main([`--rounds=${rounds}`]), 2);
  assert.equal(said.mock.calls[0]?.arguments[0], '--rounds is "0", but it is a whole number above 0');
  assert.equal(await main(["--only", "turns,speed"]), 2);
  assert.equal(said.mock.calls.at(-2)?.arguments[0], 'There is no measurement "speed"');
});
