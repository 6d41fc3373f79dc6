"""Runs one notebook from top to bottom in its kernel and writes the executed copy, also as HTML.

Tells what happens in lines of JSON on standard output: {"cell": 3} when a cell begins, {"failed": 3, "error": "..."} when
one fails. The exit code is 0, 1 when a cell failed, or 2 when the kernel did.
"""

import argparse
import json
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert import HTMLExporter


def tell(**what):
    print(json.dumps(what), flush=True)


def error_text(notebook, cell):
    """What tslab wrote: it sends errors as text on stderr."""
    outputs = notebook.cells[cell].get("outputs", [])
    return "".join(output["text"] for output in outputs if output.get("name") == "stderr").strip()


def run(notebook, folder, cell_limit):
    current = 0

    def on_cell_start(cell, cell_index):
        nonlocal current
        current = cell_index
        if cell.cell_type == "code":
            tell(cell=cell_index)

    client = NotebookClient(
        notebook,
        timeout=cell_limit,
        startup_timeout=60,
        resources={"metadata": {"path": folder}},
        on_cell_start=on_cell_start,
        coalesce_streams=True,
        record_timing=False,
    )
    try:
        client.execute()
        return 0
    except CellExecutionError as error:
        tell(failed=current, error=error_text(notebook, current) or str(error))
    except CellTimeoutError:
        tell(failed=current, error=f"The cell did not end within {cell_limit} s")
    except DeadKernelError:
        tell(failed=current, error="The kernel ended while the cell ran")
    except RuntimeError as error:
        tell(failed=current, error=f"The kernel did not start: {error}")
        return 2
    return 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("notebook", type=Path)
    parser.add_argument("executed", type=Path)
    parser.add_argument("--folder", required=True, help="working directory of the kernel")
    parser.add_argument("--cell-limit", type=int, required=True, help="seconds")
    options = parser.parse_args()

    notebook = nbformat.read(options.notebook, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None
    code = run(notebook, options.folder, options.cell_limit)
    nbformat.write(notebook, options.executed)
    html, _ = HTMLExporter(template_name="lab").from_notebook_node(notebook)
    options.executed.with_suffix(".html").write_text(html, encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
