"""Loss and trials of a training run as an SVG."""
import json

WIDTH, HEIGHT, LEFT, TOP = 860, 420, 60, 40
COLOURS = "#1f77b4 #d62728 #2ca02c #9467bd #ff7f0e #8c564b #e377c2 #17becf #7f7f7f #bcbd22".split()


def draw(folder):
    """Writes curves.svg beside log.jsonl: loss on the left scale (to 4), shares of trials on the right one."""
    entries = [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    last = max(entry["tokens"] for entry in entries)
    lines = {"loss": [(entry["tokens"], min(entry["loss"], 4) / 4) for entry in entries]}
    for entry in entries:
        for kind, share in entry.get("trials", {}).items(): lines.setdefault(kind, []).append((entry["tokens"], share))
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">', '<rect width="100%" height="100%" fill="white"/>']
    right, bottom = WIDTH - 150, HEIGHT - 50
    for tenth in range(0, 11, 2):
        y = bottom - (bottom - TOP) * tenth / 10
        parts.append(f'<path d="M{LEFT} {y:.0f}H{right}" stroke="#ddd"/><text x="{LEFT - 8}" y="{y + 4:.0f}" text-anchor="end">{tenth * 0.4:.1f}</text><text x="{right + 6}" y="{y + 4:.0f}">{tenth * 10} %</text>')
    parts.append(f'<text x="{LEFT}" y="{TOP - 16}">loss of Marvin\'s words</text><text x="{right}" y="{TOP - 16}" text-anchor="end">share of trials passed</text><text x="{(LEFT + right) / 2}" y="{HEIGHT - 12}" text-anchor="middle">tokens trained on: {last / 1e6:.1f} million</text>')
    for place, (kind, points) in enumerate(lines.items()):
        colour = "black" if kind == "loss" else COLOURS[place % len(COLOURS)]
        path = " ".join(f"{LEFT + (right - LEFT) * tokens / last:.1f},{bottom - (bottom - TOP) * value:.1f}" for tokens, value in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{2 if kind == "loss" else 1.5}"/><text x="{right + 50}" y="{TOP + 18 * place + 10}" fill="{colour}">{kind}</text>')
    (folder / "curves.svg").write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")
