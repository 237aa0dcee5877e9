"""What the oracle is asked. SETUP comes first, on both engines; no answer of it is compared."""

SETUP = [
    ["load", "-i", "IMAGE"],
    ["create", "--name", "made", "--network", "none", "busybox", "true"],
    ["run", "--name", "ended", "--network", "none", "--label", "team=a", "busybox", "sh", "-c", "echo out; exit 3"],
    ["run", "-d", "--name", "runs", "--network", "none", "--expose", "80", "busybox", "sleep", "1000"],
    ["run", "--name", "quiet", "--network", "none", "--log-driver", "none", "busybox", "true"],
    ["run", "--name", "tagged", "--network", "none", "--label", "team=x y", "--log-opt", "labels=team", "--log-opt",
     "max-size=1m", "--log-opt", "max-file=3", "busybox", "sh", "-c", "echo one; sleep 0.5; echo two >&2"],
]

TARGETS = [
    "/containers/made/json",
    "/containers/runs/json",
    "/containers/ended/json?size=1",
    "/containers/tagged/json",
    "/containers/json",
    "/containers/json?all=1&size=1",
    "/system/df",
    "/info",
    "/containers/nobody/json",
    "/containers/quiet/logs?stdout=1",
    "/containers/ended/logs?stdout=0",
]

COMMANDS = [
    ["ps"],
    ["ps", "-a"],
    ["ps", "-as"],
    ["ps", "-aq", "--no-trunc"],
    ["ps", "-a", "-n", "2"],
    ["ps", "-a", "--format", "{{json .}}"],
    ["ps", "-a", "--format", "{{.Names}} {{.Image}} {{.Ports}} {{.Networks}} {{.Label \"team\"}}"],
    *[["ps", "-a", "-f", filter_, "--format", "{{.Names}}"] for filter_ in (
        "status=exited", "status=created", "exited=3", "exited=0", "label=team", "label=team=a", "name=e", "name=^/made$",
        "since=made", "before=runs", "ancestor=busybox", "ancestor=busybox:latest", "network=none", "expose=80",
        "publish=80", "volume=/x", "is-task=false", "is-task=true", "health=none", "isolation=x", "id=nothing", "name=(")],
    *[["ps", "-a", "-f", filter_] for filter_ in (
        "unknown=x", "status=x", "health=x", "exited=x", "is-task=x", "expose=x", "publish=x", "before=x", "since=x")],
    ["inspect", "nobody"],
    ["inspect", "-f", "{{.State.Status}} {{.State.ExitCode}} {{.Config.Labels}}", "ended"],
    ["inspect", "-f", "{{.NoSuchField}}", "ended"],
    ["logs", "ended"],
    ["logs", "tagged"],
    ["logs", "--details", "tagged"],
    ["logs", "-t", "tagged"],
    ["logs", "-n", "1", "tagged"],
    ["logs", "-n", "0", "tagged"],
    ["logs", "--since", "1h", "tagged"],
    ["logs", "--until", "1h", "tagged"],
    ["logs", "-f", "tagged"],
    ["logs", "quiet"],
    ["logs", "nobody"],
    *[["run", "--rm", "--network", "none", *options, "busybox", "true"] for options in (
        ["--log-driver", "papyrus"], ["--log-opt", "x=y"], ["--log-opt", "max-size=10q"], ["--log-opt", "max-file=0"],
        ["--log-opt", "compress=true"], ["--log-opt", "mode=x"], ["--log-driver", "local", "--log-opt", "labels=a"])],
    ["system", "df"],
    ["rm", "ended"],
]
