// The commands of kubectl that deal with what runs, reads, rights, nodes and deletion. Lines build on those before them.
import { line, soon } from './kubectl-line.ts'

export const workloads = [
  line(
    'pauses and resumes a rollout',
    'kubectl rollout pause deployment/web && kubectl rollout resume deployment/web',
    /resumed/,
  ),
  line(
    'restarts',
    'kubectl rollout restart deployment -l app=web && kubectl rollout status deployment/web --timeout=60s',
    /successfully rolled out/,
  ),
  line(
    'tells the history, and a revision of it',
    'kubectl rollout history deployment/web && kubectl rollout history deployment/web --revision=2',
    /with revision #2[^]*Containers:/,
  ),
  line(
    'rolls back',
    'kubectl rollout undo deployment/web --to-revision=2 && kubectl rollout status deployment/web --timeout=60s',
    /rolled back[^]*successfully/,
  ),
  line(
    'scales',
    'kubectl scale deployment/web --replicas=2 --current-replicas=1 --timeout=30s && kubectl wait --for=jsonpath={.status.readyReplicas}=2 deployment/web --timeout=60s',
    /scaled[^]*met/,
  ),
  line(
    'does not scale from another count',
    'kubectl scale deployment/web --replicas=1 --current-replicas=5 2>&1; test $? = 1',
    /Expected replicas to be 5, was 2/,
  ),
  line(
    'scales by a file',
    'kubectl get deployment web -o yaml > d.yaml && kubectl scale -f d.yaml --replicas=1 && kubectl get deployment web -o jsonpath={.spec.replicas}',
    /scaled\n1$/,
  ),
  line(
    'autoscales',
    'kubectl autoscale deployment web --min=1 --max=2 && kubectl get hpa',
    /web +Deployment\/web .* 1 +2 /,
  ),
  line(
    'exposes',
    'kubectl delete hpa web && kubectl expose deployment web --port=80 --target-port=8080 --type=NodePort && kubectl get service web',
    /NodePort .* 80:\d+\/TCP/,
  ),
  soon(
    'reaches what is exposed',
    'curl -sS -m 2 http://$(kubectl get service web -o jsonpath={.spec.clusterIP})/',
    /^hello$/m,
  ),
  line(
    'runs a pod and takes its output',
    'kubectl run once --rm -i --quiet --restart=Never --image=$IMAGE --env=A=b --labels=x=y --command -- sh -c "cat; echo \\$A" < rbac.yaml',
    /kind: Role[^]*b/,
  ),
  line(
    'runs a pod with its service',
    `kubectl run pod --image=$IMAGE --port=80 --expose --overrides='{"spec":{"terminationGracePeriodSeconds":0}}' --command -- sleep 999`,
    /service\/pod created\npod\/pod created/,
  ),
]

export const read = [
  line(
    'waits for a condition',
    'kubectl wait --for=condition=Ready pod/pod --timeout=60s && kubectl wait --for=condition=Complete job/j job/k --timeout=60s',
    /job\.batch\/k condition met/,
  ),
  line(
    'waits for creation and deletion',
    'kubectl wait --for=create cm/later --timeout=30s & kubectl create cm later && wait; kubectl delete cm later --wait=false && kubectl wait --for=delete cm/later --timeout=30s && echo gone',
    /later condition met[^]*gone/,
  ),
  line(
    'gets in wide columns',
    'kubectl get pods -o wide --show-labels',
    /IP +NODE +NOMINATED NODE +READINESS GATES +LABELS[^]*^pod .* run=pod$/m,
  ),
  line(
    'gets names, templates and columns',
    `kubectl get pod pod -o name && kubectl get pod pod -o go-template='{{.metadata.name}}' && kubectl get pods -o custom-columns=N:.metadata.name,P:.status.phase --no-headers && kubectl get pod pod -o jsonpath-as-json={.spec.containers[0].name}`,
    /^pod\/pod\npod/,
  ),
  line(
    'sorts',
    'kubectl get cm --sort-by=.metadata.creationTimestamp -o name --chunk-size=2',
    /kube-root-ca\.crt[^]*greeting/,
  ),
  line(
    'selects by labels and fields',
    'kubectl get pods -l "app in (web,x),!none" --field-selector=status.phase=Running,metadata.name!=pod -o name',
    /^(pod\/web-\S+\n)+$/,
  ),
  line(
    'gets kinds at once, in all namespaces',
    'kubectl get deployments,services -A --show-kind',
    /service\/kubernetes /,
  ),
  line(
    'ignores what is not there',
    'kubectl get pod none --ignore-not-found && kubectl get pod none 2>&1; test $? = 1',
    /^Error from server \(NotFound\): pods "none" not found\n$/,
  ),
  line(
    'watches',
    '(timeout 20 kubectl get cm -w --output-watch-events --watch-only | head -2) & until kubectl annotate cm greeting w=$(date +%N) --overwrite >/dev/null && ! kill -0 $! 2>/dev/null; do sleep 0.2; done; wait',
    /^EVENT +NAME[^]*^MODIFIED +greeting /m,
  ),
  line(
    'describes each kind',
    'kubectl describe pod,deployment,service,cm,secret,sa,role,rolebinding,job,cronjob',
    /Node: +\S+\/[^]*Selector: +app=web[^]*Endpoints: +\d[^]*greeting[^]*tls\.crt: +\d+ bytes[^]*PolicyRule:[^]*Subjects:[^]*Completions: +1[^]*Schedule: +0 0 1 1 \*/,
  ),
  line(
    'describes nodes, namespaces and classes',
    'kubectl describe node $NODE && kubectl describe namespace $NS && kubectl describe pc $NS',
    /Allocated resources:[^]*Status: +Active[^]*Value: +7/,
  ),
  line(
    'tells events of an object and a type',
    'kubectl events --for=deployment/web --types=Normal && kubectl get events --field-selector=involvedObject.kind=Job',
    /ScalingReplicaSet[^]*SuccessfulCreate/,
  ),
  soon(
    'tells the use of nodes and pods',
    'kubectl top node && kubectl top pod --containers --sort-by=cpu -l run=pod',
    /m +[^]*pod +pod +\d+m/,
  ),
]

export const streams = [
  line(
    'prints logs',
    'kubectl logs deployment/web --tail=1 && kubectl logs deployment/web --limit-bytes=3 && kubectl logs deployment/web --since=1h --timestamps',
    /^two\none\d{4}-\S+Z one\n/,
  ),
  line(
    'prints logs by labels',
    'kubectl logs -l app=web --prefix --all-containers --tail=1',
    /^\[pod\/web-\S+\/web\] two$/m,
  ),
  line(
    'follows logs',
    '(sleep 2; kubectl exec deployment/web -- sh -c "echo later > /proc/1/fd/1") & timeout 6 kubectl logs -f deployment/web; test $? = 124',
    /^one\ntwo\nlater\n$/,
  ),
  line(
    'runs commands, with a code',
    'kubectl exec deployment/web -c web -- sh -c "echo out; exit 5"; test $? = 5',
    /^out\n$/,
  ),
  line(
    'gives a terminal',
    `script -qec 'kubectl exec -it pod -- sh -c "test -t 0 && echo a terminal"' /dev/null < /dev/null`,
    /a terminal/,
  ),
  line(
    'attaches',
    'kubectl apply -f reader.yaml && kubectl wait --for=condition=Ready pod/reader --timeout=60s && echo you | kubectl attach -i reader -c reader',
    /heard you/,
  ),
  line(
    'copies both ways',
    'mkdir -p from/deep && echo text > from/deep/file && kubectl cp from pod:/tmp/to -c pod && kubectl cp --retries=2 $NS/pod:/tmp/to back && cat back/deep/file',
    /^text$/m,
  ),
  line(
    'copies 20 MB both ways',
    'head -c 20000000 /dev/urandom > large && kubectl cp large pod:/tmp/large -c pod && kubectl cp pod:/tmp/large again -c pod && cmp large again && echo same; rm -f large again',
    /^same$/m,
  ),
  line(
    'forwards a port of a pod and of a service',
    'kubectl port-forward deployment/web 18080:8080 >/dev/null & a=$!; kubectl port-forward service/web --address=127.0.0.1 18081:80 >/dev/null & trap "kill $a $!" EXIT; curl -sS --retry 30 --retry-delay 1 --retry-connrefused localhost:18080 127.0.0.1:18081 2>/dev/null',
    /hello\nhello/,
  ),
  line(
    'serves the API to this machine',
    'kubectl proxy --port=18082 >/dev/null & trap "kill $!" EXIT; curl -sS --retry 30 --retry-delay 1 --retry-connrefused localhost:18082/api/v1/namespaces/$NS/services/web:80/proxy/ 2>/dev/null',
    /^hello$/m,
  ),
  line(
    'debugs in a container of its own',
    'kubectl debug pod -i --quiet --image=$IMAGE --target=pod --profile=general -- sh -c "ps | grep -c sleep"',
    /[1-9]/,
  ),
  line(
    'debugs the node',
    'echo | kubectl debug node/$NODE --image=$IMAGE --profile=general -i --quiet -- sh -c "read -r _; test -d /host/var/lib && echo seen"',
    /^seen$/m,
  ),
  line(
    'asks for every right on the node',
    'kubectl debug node/$NODE --image=$IMAGE --profile=sysadmin --quiet -- true; kubectl get pods -o jsonpath="{.items[*].spec.containers[*].securityContext}"; kubectl delete --now $(kubectl get pods -o name | grep node-debugger)',
    /"privileged":true[^]*deleted/,
  ),
  line(
    'debugs a copy',
    'kubectl debug pod --copy-to=copy --image=$IMAGE --share-processes -q -- sleep 99 && kubectl get pod copy -o jsonpath="{.spec.shareProcessNamespace} {.spec.containers[*].name}"',
    /true pod debugger/,
  ),
]

export const auth = [
  line(
    'tells who it is',
    'kubectl auth whoami && kubectl auth whoami --as=jane --as-group=team -o jsonpath={.status.userInfo.username}',
    /system:masters[^]*jane$/,
  ),
  line(
    'tells what one may',
    'kubectl auth can-i create pods && kubectl auth can-i get pods/log -q && ! kubectl auth can-i delete pods --as=$NS && kubectl auth can-i list deployments.apps --as=$NS',
    /^yes\nno\nyes\n$/,
  ),
  line('lists what one may', 'kubectl auth can-i --list --as=$NS', /deployments\.apps +\[\] +\[\] +\[get list\]/),
  line(
    'reconciles roles',
    'sed "s/name: reconciled/&, namespace: $NS/" rbac.yaml > role.yaml && (kubectl auth reconcile -f role.yaml && kubectl patch role reconciled --type=json -p "[{op: replace, path: /rules/0/verbs, value: [list, watch]}]" && kubectl auth reconcile -f role.yaml --remove-extra-permissions) 2>&1 && kubectl get role reconciled -o jsonpath={.rules[*].verbs}',
    /missing rules added[^]*extra rules removed[^]*\["get"\]$/,
  ),
  line(
    'signs and denies certificates',
    [
      'openssl req -new -key k.pem -subj /CN=jane -out r.pem',
      'request() { printf "apiVersion: certificates.k8s.io/v1\\nkind: CertificateSigningRequest\\nmetadata: {name: $NS-$1}\\nspec: {request: $(base64 -w0 r.pem), signerName: kubernetes.io/kube-apiserver-client, usages: [client auth]}\\n" | kubectl create -f -; }',
      'request a && request b && kubectl certificate approve $NS-a && kubectl certificate deny $NS-b && kubectl wait --for=jsonpath={.status.certificate} csr/$NS-a --timeout=30s',
      'kubectl get csr $NS-a $NS-b',
    ].join('; '),
    /Approved,Issued[^]*Denied/,
  ),
]

/** By now there are objects of many kinds, some of them at work. */
export const descriptions = [
  line(
    'every object that is there fits what describes its kind',
    'node "$MISFITS" "$KUBECONFIG"',
    /^\d{3,} objects\n$/,
  ),
]

export const nodes = [
  line(
    'taints',
    'kubectl taint node $NODE k=v:NoSchedule && kubectl taint node $NODE k=w:NoSchedule --overwrite && kubectl get node $NODE -o jsonpath={.spec.taints} && kubectl taint node $NODE k-',
    /"value":"w"[^]*untainted/,
  ),
  line(
    'cordons',
    'kubectl cordon $NODE && kubectl get nodes && kubectl uncordon $NODE',
    /Ready,SchedulingDisabled[^]*uncordoned/,
  ),
  line(
    'drains',
    'kubectl drain $NODE --ignore-daemonsets --delete-emptydir-data --force --pod-selector=run=pod --grace-period=0 --timeout=60s && kubectl uncordon $NODE',
    /evicting pod k-\S+\/pod[^]*drained/,
  ),
]

export const remove = [
  line(
    'does nothing on a dry run',
    'kubectl delete cm greeting --dry-run=server && kubectl get cm greeting -o name',
    /\(server dry run\)[^]*greeting$/m,
  ),
  line('deletes by labels', 'kubectl delete cm -l made=kustomize', /made-generated" deleted/),
  line(
    'deletes and leaves the children',
    'kubectl delete deployment web --cascade=orphan && kubectl get rs -l app=web -o name',
    /^replicaset\.apps\/web-/m,
  ),
  line(
    'deletes the children first',
    'kubectl delete rs -l app=web --cascade=foreground --timeout=60s && kubectl get pods -l app=web -o name | wc -l',
    /^0$/m,
  ),
  line(
    'deletes at once',
    'kubectl delete pod reader copy --force --grace-period=0 2>/dev/null && kubectl delete pod none --now --ignore-not-found',
    /pod "copy" force deleted/,
  ),
  line(
    'deletes by file and all of a kind',
    'kubectl delete -f hi.yaml --ignore-not-found && kubectl delete jobs,cronjobs --all',
    /greeting" deleted[^]*"cj" deleted/,
  ),
  line('deletes by path', 'kubectl delete --raw /api/v1/namespaces/$NS/configmaps/files', /"status":"Success"/),
  line(
    'deletes the namespace',
    'kubectl delete clusterrole/$NS clusterrolebinding/$NS priorityclass/$NS csr/$NS-a csr/$NS-b && kubectl delete namespace $NS --timeout=60s',
    /namespace "k-\S+" deleted/,
  ),
]
