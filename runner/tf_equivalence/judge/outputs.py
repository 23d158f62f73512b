from dataclasses import dataclass, field
import numpy as np
from tf_equivalence.result import Finding
from tf_equivalence.judge.bounds import Bound
@dataclass(frozen=True)
class RunJudgement:
    findings: tuple; compared: int; elements: int; max_abs_diff: float; max_rel_diff: float; bounds: tuple; notes: tuple; loss_sources: dict = field(default_factory=dict)
def judge_run(tf1, a1, reruns, tf2, a2, tolerance, *, tf2_names, cross_runtime=False):
    f=[]; n=0; worst=0.
    two={l.name:l for l in tf2.outputs}
    for l in tf1.outputs:
        o=two.get(l.name)
        if o is None: f.append(Finding("output-missing",l.name,"missing "+l.name)); continue
        if l.dtype!=o.dtype: f.append(Finding("output-dtype",l.name,f"dtype {l.dtype} {o.dtype}"))
        for x,y in zip(l.arrays,o.arrays):
            x,y=a1[x],a2[y]; n+=1
            if x.shape!=y.shape: f.append(Finding("output-shape",l.name,"shape")); continue
            if x.size==0 or x.dtype.kind not in "fc": continue
            s=np.max(np.abs(x)); d=np.max(np.abs(x-y))/ (s or 1); worst=max(worst,d)
            if not d<2e-5: f.append(Finding("output-value",l.name,f"differs by {d} of max {s}"))
    s1={}; s2={}
    for l in tf1.losses: s1.setdefault(tf2_names(l.variables[0]) if len(l.variables)==1 else l.name,0); s1[tf2_names(l.variables[0]) if len(l.variables)==1 else l.name]+=a1[l.array]
    for l in tf2.losses: s2.setdefault(l.variables[0] if len(l.variables)==1 else l.name,0); s2[l.variables[0] if len(l.variables)==1 else l.name]+=a2[l.array]
    for k in s1:
        if k not in s2: f.append(Finding("loss-missing",k,"loss missing "+k))
        elif abs(s1[k]-s2[k])>1e-5*abs(s1[k]): f.append(Finding("loss-value",k,f"loss {s1[k]} {s2[k]}"))
    return RunJudgement(tuple(f),n,0,worst,worst,(),())
