"""Traces a PyTorch module to a functional ATen graph (functorch 1.13) and writes it as a .pt2 archive.

usage: python3 export_pt2.py OUT_DIR [NAME ...]
NAME is a torchvision model, or one of the small modules below; without names, a default set.
Writes OUT_DIR/<name>/model.pt2 (PT2 layout with raw weight files), in.x.npy and
out.npy (torch's own eager result, float32). Weights are random, seed 0; batch norm is settled on random data.
Needs Debian's python3-torch, python3-torchvision and python3-numpy.
"""
import json, math, os, sys, warnings, zipfile
warnings.filterwarnings("ignore")
import numpy as np, torch
from torch import nn, fx
from functorch import make_fx, make_functional_with_buffers
from functorch.experimental import functionalize

def settled(m, inp):
    """Random weights with batch-norm statistics of random inputs, so that outputs have a normal scale."""
    if hasattr(m, "heads"): nn.init.normal_(m.heads.head.weight, std=.05)  # torchvision starts ViT's head at zero
    norms = [b for b in m.modules() if isinstance(b, nn.modules.batchnorm._BatchNorm)]
    for b in norms: b.momentum = None
    if norms:
        m.train()
        with torch.no_grad():
            for _ in range(2): m(inp(4))
    return m.eval()

DT = {torch.uint8: 1, torch.int8: 2, torch.int16: 3, torch.int32: 4, torch.int64: 5, torch.float16: 6, torch.float32: 7, torch.float64: 8, torch.bool: 12, torch.bfloat16: 13}
MF = {torch.contiguous_format: 1, torch.channels_last: 2, torch.channels_last_3d: 3, torch.preserve_format: 4}

def meta(t):
    return {"dtype": DT[t.dtype], "sizes": [{"as_int": int(s)} for s in t.shape], "requires_grad": False,
            "device": {"type": "cpu", "index": None}, "strides": [{"as_int": int(s)} for s in t.stride()],
            "storage_offset": {"as_int": 0}, "layout": 7}

class Record(fx.Interpreter):
    def __init__(s, gm): super().__init__(gm); s.vals = {}
    def run_node(s, n): r = super().run_node(n); s.vals[n.name] = r; return r

def export(name, model, x, out):
    model = model.eval()
    with torch.no_grad():
        y = model(x); y = y["out"] if isinstance(y, dict) else y
    for a in model.modules():  # training mode (dropout is 0) keeps torch off its fused inference-only attention
        if isinstance(a, nn.MultiheadAttention): a.training = True
    f, params, buffers = make_functional_with_buffers(model)
    pnames = [n for n, _ in model.named_parameters()]; bnames = [n for n, _ in model.named_buffers()]
    params = [p.detach() for p in params]; buffers = [b.detach() for b in buffers]
    def run(*a):
        r = f(tuple(a[:len(params)]), tuple(a[len(params):-1]), a[-1])
        return r["out"] if isinstance(r, dict) else r
    flat = [*params, *buffers, x]
    with torch.no_grad():
        gm = make_fx(functionalize(run))(*flat)
    gm.graph.eliminate_dead_code(); gm.recompile()
    rec = Record(gm)
    with torch.no_grad(): rec.run(*flat)
    tv, inputs, specs, nodes, weights, consts = {}, [], [], [], {}, {}
    names = pnames + bnames
    def tens(n): return {"as_tensor": {"name": n}}
    phs = [n for n in gm.graph.nodes if n.op == "placeholder"]
    rename = {}
    for i, n in enumerate(phs):
        v = flat[i]
        if i < len(names):
            nm = ("p_" if i < len(pnames) else "b_") + names[i].replace(".", "_"); rename[n.name] = nm
            if i < len(pnames): specs.append({"parameter": {"arg": {"name": nm}, "parameter_name": names[i]}})
            else: specs.append({"buffer": {"arg": {"name": nm}, "buffer_name": names[i], "persistent": True}})
            weights[names[i]] = (v, i < len(pnames))
        else:
            nm = "x"; rename[n.name] = nm; specs.append({"user_input": {"arg": tens(nm)}})
        tv[nm] = meta(v); inputs.append(tens(nm))
    cin, cspec = [], []
    for n in gm.graph.nodes:
        if n.op == "get_attr":
            v = rec.vals[n.name]; nm = "c_" + n.name.lstrip("_"); rename[n.name] = nm
            cspec.append({"tensor_constant": {"arg": {"name": nm}, "tensor_constant_name": n.target}}); cin.append(tens(nm)); tv[nm] = meta(v); consts[n.target] = v
    inputs = inputs[:-1] + cin + inputs[-1:]; specs = specs[:-1] + cspec + specs[-1:]
    R = lambda n: rename.get(n.name, n.name)
    def enc(v, ty):
        ts = str(ty)
        if v is None: return {"as_none": True}
        if isinstance(v, fx.Node): return tens(R(v))
        if isinstance(v, torch.dtype): return {"as_scalar_type": DT[v]}
        if isinstance(v, torch.device): return {"as_device": {"type": v.type, "index": v.index}}
        if isinstance(v, torch.memory_format): return {"as_memory_format": MF[v]}
        if isinstance(v, torch.layout): return {"as_layout": 7}
        if isinstance(v, bool): return {"as_bool": v}
        if isinstance(v, int): return {"as_int": v}
        if isinstance(v, float): return {"as_float": v if math.isfinite(v) else ("NaN" if v != v else "Infinity" if v > 0 else "-Infinity")}
        if isinstance(v, str): return {"as_string": v}
        if isinstance(v, (list, tuple)):
            if v and any(isinstance(e, fx.Node) for e in v):
                if any(e is None for e in v) or "Optional" in ts: return {"as_optional_tensors": [({"as_tensor": {"name": R(e)}} if e is not None else {"as_none": True}) for e in v]}
                return {"as_tensors": [{"name": R(e)} for e in v]}
            if any(isinstance(e, bool) for e in v) or "bool" in ts: return {"as_bools": list(v)}
            if any(isinstance(e, float) for e in v) or "float" in ts: return {"as_floats": list(v)}
            return {"as_ints": [int(e) for e in v]}
        raise TypeError(f"{v!r} : {ts}")
    gets = {}
    for n in gm.graph.nodes:
        if n.op == "call_function" and getattr(n.target, "__name__", "") == "getitem": gets.setdefault(n.args[0].name, {})[n.args[1]] = n
    for n in gm.graph.nodes:
        if n.op != "call_function" or getattr(n.target, "__name__", "") == "getitem": continue
        sch = n.target._schema
        ins = [{"name": a.name, "arg": enc(v, a.type), "kind": 1} for a, v in zip(sch.arguments, n.args)]
        by = {a.name: a for a in sch.arguments}
        ins += [{"name": k, "arg": enc(v, by[k].type), "kind": 2} for k, v in n.kwargs.items()]
        val = rec.vals[n.name]
        if isinstance(val, torch.Tensor):
            outs = [tens(n.name)]; tv[n.name] = meta(val)
        else:
            nm = []
            for i, t in enumerate(val):
                g = gets.get(n.name, {}).get(i); k = g.name if g is not None else f"{n.name}_unused_{i}"
                nm.append(k)
                if isinstance(t, torch.Tensor): tv[k] = meta(t)
            if len(sch.returns) == 1: outs = [{"as_tensors": [{"name": k} for k in nm]}]
            else: outs = [tens(k) for k in nm]
        nodes.append({"target": "torch.ops.%s.%s" % (sch.name.replace("::", "."), n.target._overloadname if hasattr(n.target, "_overloadname") else sch.overload_name or "default"), "inputs": ins, "outputs": outs, "metadata": {}, "is_hop_single_tensor_return": None})
    o = list(gm.graph.nodes)[-1].args[0]; o = o if isinstance(o, (list, tuple)) else [o]
    outputs = [tens(R(n)) for n in o]
    leaf = {"type": None, "context": None, "children_spec": []}
    tup = lambda c: {"type": "builtins.tuple", "context": "null", "children_spec": c}
    prog = {"graph_module": {"graph": {"inputs": inputs, "outputs": outputs, "nodes": nodes, "tensor_values": tv, "sym_int_values": {}, "sym_bool_values": {}, "is_single_tensor_return": False, "custom_obj_values": {}, "sym_float_values": {}},
             "signature": {"input_specs": specs, "output_specs": [{"user_output": {"arg": a}} for a in outputs]},
             "module_call_graph": [{"fqn": "", "signature": {"inputs": [], "outputs": [], "in_spec": json.dumps([1, tup([tup([leaf]), {"type": "builtins.dict", "context": "[]", "children_spec": []}])]), "out_spec": json.dumps([1, leaf]), "forward_arg_names": ["x"]}}],
             "metadata": {}, "treespec_namedtuple_fields": {}},
            "opset_version": {"aten": 10}, "range_constraints": {}, "schema_version": {"major": 8, "minor": 15}, "verifiers": ["TRAINING"], "torch_version": "2.11.0", "guards_code": []}
    d = os.path.join(out, name); os.makedirs(d, exist_ok=True)
    with zipfile.ZipFile(os.path.join(d, "model.pt2"), "w", zipfile.ZIP_STORED) as z:
        put = lambda p, b: z.writestr("model/" + p, b)
        put("archive_format", "pt2"); put("archive_version", "0"); put("byteorder", "little"); put(".data/version", "6\n")
        put("models/model.json", json.dumps(prog))
        for kind, items, pre in (("weights", weights, "weight_"), ("constants", {k: (v, False) for k, v in consts.items()}, "tensor_")):
            cfg = {}
            for i, (k, (t, isp)) in enumerate(items.items()):
                t = t.contiguous(); cfg[k] = {"path_name": f"{pre}{i}", "is_param": isp, "use_pickle": False, "tensor_meta": meta(t)}
                put(f"data/{kind}/{pre}{i}", t.numpy().tobytes())
            put(f"data/{kind}/model_{kind}_config.json", json.dumps({"config": cfg}))
    np.save(os.path.join(d, "in.x.npy"), x.numpy()); np.save(os.path.join(d, "out.npy"), y.numpy())
    ops = sorted({x["target"] for x in nodes})
    print(name, len(nodes), "nodes", len(ops), "ops"); return ops

class Gru(nn.Module):
    def __init__(s): super().__init__(); s.e = nn.Embedding(500, 32); s.r = nn.GRU(32, 64, batch_first=True); s.o = nn.Linear(64, 500)
    def forward(s, x): return s.o(s.r(s.e(x))[0])

class Lstm(nn.Module):
    def __init__(s, vocabulary=500, d=48, layers=2):
        super().__init__(); s.e = nn.Embedding(vocabulary, d); s.r = nn.LSTM(d, d, layers, batch_first=True, bidirectional=layers > 1)
        s.o = nn.Linear(d * (2 if layers > 1 else 1), 8)
    def forward(s, x): return s.o(s.r(s.e(x))[0][:, -1])

class Mlp(nn.Module):
    def __init__(s, d=64, h=256): super().__init__(); s.a = nn.Linear(d, h); s.n = nn.LayerNorm(h); s.b = nn.Linear(h, 10)
    def forward(s, x): return nn.functional.log_softmax(s.b(s.n(nn.functional.gelu(s.a(x)))), -1)

class Block(nn.Module):
    def __init__(s, d, heads):
        super().__init__(); s.h = heads; s.l1 = nn.LayerNorm(d); s.qkv = nn.Linear(d, 3 * d); s.p = nn.Linear(d, d)
        s.l2 = nn.LayerNorm(d); s.u = nn.Linear(d, 4 * d); s.v = nn.Linear(4 * d, d)
    def forward(s, x):
        b, t, d = x.shape
        q, k, v = (y.view(b, t, s.h, d // s.h).transpose(1, 2) for y in s.qkv(s.l1(x)).split(d, 2))
        a = (q @ k.transpose(-2, -1)) * (1 / math.sqrt(d // s.h))
        a = a.masked_fill(torch.tril(torch.ones(t, t)) == 0, float("-inf")).softmax(-1)
        x = x + s.p((a @ v).transpose(1, 2).reshape(b, t, d))
        return x + s.v(nn.functional.gelu(s.u(s.l2(x))))

class Gpt(nn.Module):
    def __init__(s, vocabulary=1000, d=128, heads=4, layers=4, length=64):
        super().__init__(); s.w = nn.Embedding(vocabulary, d); s.q = nn.Embedding(length, d)
        s.b = nn.ModuleList(Block(d, heads) for _ in range(layers)); s.n = nn.LayerNorm(d)
    def forward(s, x):
        y = s.w(x) + s.q(torch.arange(x.shape[1]))
        for b in s.b: y = b(y)
        return s.n(y) @ s.w.weight.t()

class Cnn(nn.Module):
    def __init__(s):
        super().__init__(); s.f = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 8, 3, 1, 1, groups=8), nn.Hardswish(), nn.Conv2d(8, 12, 1)); s.o = nn.Linear(12, 5)
    def forward(s, x): return s.o(s.f(x).mean((2, 3)))

words = lambda vocabulary, length: lambda n=2: torch.randint(0, vocabulary, (n, length))
SMALL = {"gru": (Gru, words(500, 12)), "lstm": (Lstm, words(500, 12)), "gpt": (Gpt, words(1000, 48)),
         "mlp": (Mlp, lambda n=3: torch.randn(n, 64)),
         "tiny_mlp": (lambda: Mlp(16, 24), lambda n=3: torch.randn(n, 16)),
         "tiny_lstm": (lambda: Lstm(20, 8, 1), words(20, 3)), "tiny_gpt": (lambda: Gpt(30, 16, 2, 1, 8), words(30, 6)),
         "tiny_cnn": (Cnn, lambda n=1: torch.randn(n, 3, 16, 16))}

if __name__ == "__main__":
    for name in sys.argv[2:] or ["mlp", "gru", "alexnet", "mobilenet_v2", "resnet34", "vgg11_bn", "swin_v2_t"]:
        torch.manual_seed(0)
        if name in SMALL: make, inp = SMALL[name]
        else:
            from torchvision import models
            make, inp = (lambda: getattr(models, name)(weights=None)), (lambda n=1: torch.randn(n, 3, 256 if name.startswith("swin_v2") else 224, 256 if name.startswith("swin_v2") else 224))
        export(name, settled(make(), inp), inp(), sys.argv[1])
