// The flag families of kubectl's commands that the other lines leave out. Lines build on those before them.
import { line, soon } from './kubectl-line.ts'

export const flags = [
  line(
    'takes a folder of files',
    'mkdir -p many/deep && kubectl create cm r-1 --dry-run=client -o yaml > many/1.yaml && kubectl create cm r-2 --dry-run=client -o yaml > many/deep/2.yaml && kubectl create -R -f many && kubectl get -R -f many -o name',
    /\nconfigmap\/r-1\nconfigmap\/r-2\n$/,
  ),
  line(
    'describes by files and by labels',
    'kubectl label -R -f many set=r && kubectl describe -R -f many && kubectl describe cm -l set=r --show-events=false',
    /Name: +r-1[^]*Name: +r-2[^]*Name: +r-1[^]*Name: +r-2/,
  ),
  line('prints columns of its own', 'kubectl get cm r-1 --server-print=false', /^NAME +AGE\nr-1 +\d/),
  line(
    'creates by path, and what an editor makes of a file',
    `kubectl create cm raw --dry-run=client -o json | kubectl create --raw /api/v1/namespaces/$NS/configmaps -f - && KUBE_EDITOR="sed -i s/r-1/r-3/" kubectl create --edit -f many/1.yaml`,
    /"name":"raw"[^]*r-3 created/,
  ),
  line(
    'replaces by path',
    `kubectl create cm raw --from-literal=a=b --dry-run=client -o json | kubectl replace --raw /api/v1/namespaces/$NS/configmaps/raw -f -`,
    /"data":\{"a":"b"\}/,
  ),
  line(
    'applies without effect, here and at the server',
    'kubectl create deployment flags --image=$IMAGE --replicas=0 --dry-run=client -o yaml > flags.yaml && kubectl apply --dry-run=client -f flags.yaml && kubectl apply --dry-run=server -f flags.yaml && kubectl apply --dry-run=server --server-side -f flags.yaml && ! kubectl get -f flags.yaml 2>/dev/null',
    /created \(dry run\)\n.* created \(server dry run\)\n.* serverside-applied \(server dry run\)/,
  ),
  line(
    'applies what cannot be changed by deletion, and waits for it',
    'kubectl apply -f flags.yaml --wait --timeout=30s --overwrite=false && sed -i "s/app: flags/app: other/" flags.yaml && ! kubectl apply -f flags.yaml 2>/dev/null && kubectl apply -f flags.yaml --force --cascade=background --grace-period=0 --timeout=60s && kubectl get deployment -l app=other -o name',
    /deployment\.apps\/flags\n$/,
  ),
  line(
    'edits, and shows the patch',
    'KUBE_EDITOR="sed -i s/ClusterFirst/Default/" kubectl edit deployment flags --output-patch && KUBE_EDITOR=true kubectl edit deployment flags --subresource=status 2>&1',
    /Patch: \{"spec":\{"template":\{"spec":\{"dnsPolicy":"Default"\}\}\}\}[^]*edited[^]*no changes made/,
  ),
  line(
    'patches by a file, without effect, and here alone',
    `echo '{"data":{"p":"q"}}' > p.json; kubectl patch cm r-1 --patch-file=p.json --dry-run=server && kubectl get cm r-1 -o jsonpath='none{.data}-' && kubectl patch --local -f many/1.yaml --patch-file=p.json -o jsonpath={.data.p} && kubectl patch cm r-1 --patch-file=p.json && kubectl get cm r-1 -o jsonpath={.data}`,
    /patched[^]*none-q[^]*\{"p":"q"\}$/,
  ),
  line(
    'replaces a subresource, and without effect',
    'kubectl get deployment flags --subresource=status -o json | kubectl replace --subresource=status -f - && kubectl get cm r-1 -o json | kubectl replace --dry-run=server -f -',
    /flags replaced\nconfigmap\/r-1 replaced \(server dry run\)/,
  ),
  line(
    'labels and annotates what is selected, without effect, and here alone',
    'kubectl label cm -l set=r --dry-run=server x=y && kubectl label cm --field-selector=metadata.name=r-2 x=y && kubectl annotate cm -l x=y --dry-run=client n=m && kubectl annotate --local -f many/1.yaml n=m -o jsonpath={.metadata.annotations.n} && kubectl get cm -l x=y -o name',
    /mconfigmap\/r-2\n$/,
  ),
  line(
    'scales what is selected, without effect',
    'kubectl scale deployment -l app=other --replicas=1 --dry-run=server && kubectl get deployment flags -o jsonpath={.spec.replicas}',
    /scaled \(server dry run\)\n0$/,
  ),
  line(
    'autoscales by the use of processors',
    '(kubectl autoscale deployment flags --max=2 --cpu-percent=50 2>/dev/null || kubectl autoscale deployment flags --max=2 --cpu=50%) && kubectl get hpa flags -o jsonpath={.spec.metrics} && kubectl delete hpa flags',
    /"averageUtilization":50[^]*deleted/,
  ),
  line(
    'handles rollouts by files and labels',
    'kubectl rollout status deployment/flags --watch=false --revision=2 && kubectl rollout history -f flags.yaml && kubectl rollout restart -f flags.yaml && kubectl rollout pause deployment -l app=other && kubectl rollout resume deployment -l app=other && kubectl rollout undo deployment/web --dry-run=server',
    /successfully rolled out[^]*REVISION[^]*restarted[^]*paused[^]*resumed[^]*web/,
  ),
  line(
    'exposes by selectors and files',
    'kubectl expose deployment flags --name=f1 --port=80 --selector=a=b --session-affinity=ClientIP --external-ip=192.0.2.9 --protocol=UDP --labels=set=r --dry-run=server -o yaml && kubectl expose -f flags.yaml --name=f2 --port=81 --cluster-ip=None && kubectl get service f2',
    /externalIPs:[^]*a: b[^]*sessionAffinity: ClientIP[^]*f2 +ClusterIP +None/,
  ),
  line(
    'shows a privileged pod, and takes the output of one',
    'kubectl run r --image=$IMAGE --privileged --dry-run=client -o jsonpath={..privileged} && kubectl run attached --attach --rm --quiet --restart=Never --image=$IMAGE -- echo seen',
    /^true[^]*seen/,
  ),
  line(
    'sets here alone, without effect, by prefix and key, and not over what is there',
    [
      'kubectl set image --local -f flags.yaml "*=x:1" -o jsonpath={..image} && kubectl set env deployment/flags --dry-run=server --from=configmap/env --prefix=P_ --keys=K -o jsonpath={..env[*].name}',
      'kubectl set env deployment/flags A=b && kubectl set env deployment/flags --overwrite=false A=c 2>&1; kubectl set env deployment/flags --from=configmap/env && kubectl set env deployment/flags --list --resolve',
    ].join(' && '),
    /^x:1P_K[^]*already has a value[^]*K=v/,
  ),
  line(
    'taints, cordons and drains by labels, without effect',
    [
      'only="-l kubernetes.io/hostname=$NODE"; kubectl taint node $only k=v:NoSchedule --dry-run=server && kubectl taint node --all k=v:PreferNoSchedule && kubectl taint node --all k-',
      'kubectl cordon $only --dry-run=server && kubectl drain $only --dry-run=server --ignore-daemonsets --delete-emptydir-data --force && kubectl drain $only --dry-run=client --disable-eviction --ignore-daemonsets --delete-emptydir-data --force && kubectl get node $NODE -o jsonpath={.spec}',
    ].join(' && '),
    /tainted[^]*untainted[^]*cordoned \(server dry run\)[^]*drained \(server dry run\)[^]*drained \(dry run\)(?![^]*unschedulable)/,
  ),
  soon(
    'sums up what pods use, and shows what nodes have',
    'kubectl top pod --sum --no-headers --sort-by=memory -l app=web && kubectl top node --show-capacity --no-headers --sort-by=cpu && kubectl top pod --field-selector=metadata.name=pod',
    /_{8} +_{8} *\n +\d+m +\d+Mi *\n\S+ +\d+m +\d+%[^]*\npod +\d+m/,
  ),
  line(
    'prints logs of all pods, since a time, and at most so many at once',
    'kubectl logs deployment/web --all-pods --max-log-requests=9 --ignore-errors --tail=1 && sleep 2 && kubectl logs deployment/web --since=1s && kubectl logs deployment/web --since-time=2999-01-01T00:00:00Z',
    /^\[pod\/web-\S+\] \w+\n$/,
  ),
  line(
    'runs commands by a file',
    'kubectl get pod pod -o yaml > pod.yaml && kubectl exec -f pod.yaml -- echo by a file',
    /^by a file$/m,
  ),
  line(
    'talks SPDY where it is told to',
    [
      'export KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false KUBECTL_PORT_FORWARD_WEBSOCKETS=false',
      'kubectl exec pod -- echo out && kubectl cp from/deep/file pod:/tmp/old -c pod && kubectl exec pod -- cat /tmp/old',
      'kubectl delete pod reader --now && kubectl apply -f reader.yaml && kubectl wait --for=condition=Ready pod/reader --timeout=60s && echo you | kubectl attach -i reader -c reader',
      'kubectl port-forward deployment/web 18083:8080 >/dev/null & trap "kill $!" EXIT; curl -sS --retry 30 --retry-delay 1 --retry-connrefused localhost:18083 2>/dev/null',
    ].join('; '),
    /^out\ntext\n[^]*heard you[^]*^hello$/m,
  ),
  line(
    'debugs a copy with other images, on the same node',
    'kubectl debug pod --copy-to=other --set-image="*=$IMAGE" --same-node --keep-labels -q && kubectl get pod other -o jsonpath="{.spec.nodeName} {.metadata.labels.run}" && kubectl delete pod other --now',
    /^\S+ pod[^]*deleted/m,
  ),
  line(
    'debugs with a container described by a file',
    `echo '{"securityContext":{"runAsUser":7}}' > custom.json && kubectl debug pod -q --image=$IMAGE --custom=custom.json --env=A=b -c seven -- true && kubectl get pod pod -o jsonpath='{.spec.ephemeralContainers[?(@.name=="seven")]}'`,
    /"name":"A","value":"b"[^]*"runAsUser":7/,
  ),
  line(
    'waits for all, by labels, fields and files',
    'kubectl wait --for=condition=Available deployment --all --timeout=60s && kubectl wait pod -l run=pod --for=condition=Ready && kubectl wait pod --field-selector=metadata.name=pod --for=condition=Ready && kubectl wait -f flags.yaml --for=jsonpath={.spec.replicas}=0',
    /web condition met[^]*pod\/pod condition met\npod\/pod condition met\n[^]*flags condition met/,
  ),
  line(
    'follows events, and lists them everywhere',
    'timeout 3 kubectl events -w --types=Normal -o name; kubectl events -A -o json | head -c 100',
    /^event\S*\/[^]*"items"/,
  ),
  line(
    'tells what one may of subresources and everywhere',
    'kubectl auth can-i get pods --subresource=log && ! kubectl auth can-i get pods --subresource=exec --as=$NS && kubectl auth can-i list pods -A && kubectl auth reconcile -f role.yaml --dry-run=client',
    /^yes\nno\nyes\n[^]*reconciled/,
  ),
  line(
    'makes roles for names, paths and other roles',
    'kubectl create role named --verb=get --resource=pods --resource-name=a --dry-run=server -o jsonpath={.rules[*].resourceNames} && kubectl create clusterrole $NS-x --aggregation-rule="a=b" --dry-run=server -o jsonpath={.aggregationRule} && kubectl create clusterrole $NS-y --verb=get --non-resource-url="/logs/*" --dry-run=server -o jsonpath={.rules[*].nonResourceURLs}',
    /^\["a"\][^]*"a":"b"[^]*\["\/logs\/\*"\]$/,
  ),
  line(
    'deletes by fields and folders',
    'kubectl delete cm --field-selector=metadata.name=r-3 && kubectl delete -R -f many && kubectl delete -f flags.yaml --wait=false && kubectl delete cm,secret -l none=at-all',
    /r-3" deleted[^]*r-1" deleted[^]*r-2" deleted[^]*flags" deleted[^]*No resources found|r-3" deleted[^]*r-1" deleted[^]*r-2" deleted[^]*flags" deleted/,
  ),
]
