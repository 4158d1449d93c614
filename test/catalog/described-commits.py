"""hg command for tests: makes commits from a description in JSON, without a working directory.

Each commit: parent (revision or -1), user, time, zone, extras, description, and files: path to content, or
null for a removed one, or [content, path copied from]. Strings are bytes as latin1.
"""
import json

from mercurial import context, registrar

cmdtable = {}
command = registrar.command(cmdtable)


def to_bytes(text):
    return text.encode("latin1")


@command(b"commit-described", [], b"FILE")
def commit_described(ui, repo, path):
    with open(path) as described:
        commits = json.load(described)
    with repo.wlock(), repo.lock(), repo.transaction(b"described"):
        for commit in commits:
            files = {to_bytes(name): value for name, value in commit["files"].items()}

            def filectx(repo, ctx, name):
                value = files[name]
                if value is None:
                    return None
                content, source = value if isinstance(value, list) else (value, None)
                copied = None if source is None else to_bytes(source)
                return context.memfilectx(repo, ctx, name, to_bytes(content), copysource=copied)

            parent = repo.changelog.node(commit["parent"]) if commit["parent"] >= 0 else repo.nullid
            extra = {to_bytes(key): to_bytes(value) for key, value in commit["extras"].items()}
            repo.commitctx(
                context.memctx(
                    repo,
                    (parent, repo.nullid),
                    to_bytes(commit["description"]),
                    sorted(files),
                    filectx,
                    to_bytes(commit["user"]),
                    (commit["time"], commit["zone"]),
                    extra,
                )
            )
