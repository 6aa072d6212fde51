// The commands of kubectl that deal with the client and with objects. Lines build on those before them.
import { line } from './kubectl-line.ts'

export const config = [
  line('chooses a namespace', 'kubectl config set-context --current --namespace=$NS', /modified/),
  line('shows it', "kubectl config view --minify -o jsonpath='{..namespace}'", /^k-/),
  line(
    'lists contexts, clusters and users',
    'kubectl config get-contexts && kubectl config get-clusters && kubectl config get-users',
    /\*[^]*NAME[^]*NAME/,
  ),
  line(
    'adds a context',
    'kubectl config set-cluster c --server=https://localhost:1 && kubectl config set-credentials u --token=t && kubectl config set-context x --cluster=c --user=u',
    /Context "x" created/,
  ),
  line(
    'renames, uses and leaves it',
    'old=$(kubectl config current-context); kubectl config rename-context x y && kubectl config use-context y && kubectl config use-context $old',
    /Switched to context "y"/,
  ),
  line('sets and unsets a value', 'kubectl config set users.u.token z && kubectl config unset users.u.token', /unset/),
  line(
    'deletes them',
    'kubectl config delete-context y && kubectl config delete-cluster c && kubectl config delete-user u',
    /deleted user u/,
  ),
]

export const discovery = [
  line('tells the version of the server', 'kubectl version', /Server Version: v1\.36/),
  line('tells where the cluster is', 'kubectl cluster-info', /control plane.* is running at .*https:/),
  line(
    'dumps the state of a namespace',
    'kubectl cluster-info dump --namespaces=$NS --output-directory=dump && ls dump',
    /nodes\.json/,
  ),
  line('lists groups', 'kubectl api-versions', /^apps\/v1$/m),
  line('lists kinds', 'kubectl api-resources', /^deployments +deploy +apps\/v1 +true +Deployment$/m),
  line(
    'lists kinds by group, scope and verb',
    'kubectl api-resources --api-group=rbac.authorization.k8s.io --namespaced=false --verbs=list -o name --sort-by=name',
    /^clusterrolebindings\S+\nclusterroles\S+\n$/,
  ),
  line(
    'lists kinds by category, with verbs',
    'kubectl api-resources --categories=all -o wide',
    /deployments .*create,delete,deletecollection,get,list,patch,update,watch +all/,
  ),
  line('explains a field', 'kubectl explain deployment.spec.strategy', /FIELD: strategy <DeploymentStrategy>/),
  line(
    'explains in the oldest format',
    'kubectl explain deployment.spec --output=plaintext-openapiv2',
    /selector\t<Object> -required-/,
  ),
  line(
    'explains all fields of a version',
    'kubectl explain hpa --api-version=autoscaling/v2 --recursive',
    /scaleTargetRef\t<CrossVersionObjectReference>/,
  ),
  line('reads a path', 'kubectl get --raw /readyz', /^ok/),
  line('tells how the control plane is', 'kubectl get cs', /^scheduler +Healthy +ok/m),
]

export const create = [
  line('creates from a file', 'kubectl create -f web.yaml --save-config', /deployment\.apps\/web created/),
  line(
    'refuses what is there',
    'kubectl create -f web.yaml 2>&1; test $? = 1',
    /\(AlreadyExists\).*deployments\.apps "web" already exists/,
  ),
  line(
    'refuses unknown fields',
    'kubectl create -f strict.yaml 2>&1; test $? = 1',
    /strict decoding error: unknown field "colour"/,
  ),
  line(
    'warns of unknown fields',
    'kubectl create -f strict.yaml --validate=warn 2>&1',
    /Warning: unknown field "colour"[^]*created/,
  ),
  line(
    'ignores unknown fields',
    'sed s/strict/ignored/ strict.yaml | kubectl create --validate=ignore -f - 2>&1',
    /^configmap\/ignored created$/m,
  ),
  line(
    'prints what it would create',
    'kubectl create deployment d --image=$IMAGE --replicas=2 --port=80 --dry-run=client -o yaml',
    /replicas: 2/,
  ),
  line(
    'asks the server without effect',
    'kubectl create deployment d --image=$IMAGE --dry-run=server -o name && ! kubectl get deployment d 2>/dev/null',
    /deployment\.apps\/d/,
  ),
  line(
    'creates a Job, and one from a CronJob',
    'kubectl create job j --image=$IMAGE -- true && kubectl create cronjob cj --image=$IMAGE --schedule="0 0 1 1 *" -- true && kubectl create job k --from=cronjob/cj',
    /job\.batch\/k created/,
  ),
  line(
    'creates Services of each type',
    'kubectl create service clusterip s1 --tcp=80 && kubectl create service clusterip s2 --clusterip=None && kubectl create service loadbalancer s3 --tcp=80 && kubectl create service externalname s4 --external-name=h.example',
    /s4 created/,
  ),
  line(
    'creates Secrets of each type',
    'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -out c.pem -subj /CN=x 2>/dev/null && kubectl create secret tls t --cert=c.pem --key=k.pem && kubectl create secret docker-registry r --docker-username=u --docker-password=p && kubectl get secrets',
    /^r +kubernetes\.io\/dockerconfigjson +1 [^]*^t +kubernetes\.io\/tls +2 /m,
  ),
  line(
    'creates ConfigMaps from files',
    'kubectl create configmap files --from-file=rbac.yaml --from-file=key=web.yaml && kubectl describe configmap files',
    /key:\n----/,
  ),
  line(
    'creates cluster-wide kinds',
    'kubectl create clusterrole $NS --verb=get,list --resource=pods,deployments.apps && kubectl create clusterrolebinding $NS --clusterrole=$NS --user=$NS && kubectl create priorityclass $NS --value=7',
    /priorityclass\S+ created/,
  ),
  line(
    'creates a bound token',
    'kubectl create token default --duration=20m --audience=a --bound-object-kind=Secret --bound-object-name=t',
    /^\S+\.\S+\.\S+$/m,
  ),
]

export const apply = [
  line(
    'applies what is there',
    'kubectl apply -f web.yaml',
    /configmap\/greeting unchanged\ndeployment\.apps\/web unchanged/,
  ),
  line(
    'shows a difference',
    'sed "s/text: hello/text: hi/" web.yaml > hi.yaml; kubectl diff -f hi.yaml; test $? = 1',
    /^-  text: hello\n\+  text: hi$/m,
  ),
  line(
    'shows a server-side difference',
    'kubectl diff --server-side --force-conflicts -f hi.yaml; test $? = 1',
    /^\+  text: hi$/m,
  ),
  line('applies a change', 'kubectl apply -f hi.yaml', /greeting configured/),
  line('shows no difference then', 'kubectl diff -f hi.yaml && echo same', /^same$/m),
  line(
    'views, sets and edits the last applied',
    'kubectl apply set-last-applied -f web.yaml && KUBE_EDITOR="sed -i s/hello/hallo/" kubectl apply edit-last-applied cm/greeting && kubectl apply view-last-applied cm/greeting',
    /hallo/,
  ),
  line(
    'tells the conflict of another manager',
    'kubectl apply --server-side --field-manager=other -f web.yaml 2>&1; test $? = 1',
    /conflict with "kubectl-client-side-apply"/,
  ),
  line(
    'takes fields over',
    'kubectl apply --server-side --field-manager=other --force-conflicts -f web.yaml',
    /greeting serverside-applied/,
  ),
  line(
    'shows the managers',
    'kubectl get cm greeting -o yaml --show-managed-fields',
    /manager: other\n +operation: Apply/,
  ),
  line(
    'prunes what an ApplySet no longer has',
    'export KUBECTL_APPLYSET=true; map() { kubectl create cm $1 --dry-run=client -o yaml; }; (map s-1; echo ---; map s-2) > set.yaml; kubectl apply -f set.yaml --prune --applyset=set -n $NS && map s-1 | kubectl apply -f - --prune --applyset=set -n $NS && kubectl get secret set -o jsonpath={.metadata.annotations}',
    /configmap\/s-2 created[^]*configmap\/s-1 (?:unchanged|configured)\nconfigmap\/s-2 pruned[^]*contains-group-kinds":"ConfigMap"/,
  ),
  line(
    'prunes what a set no longer has',
    'kubectl create cm old --dry-run=client -o yaml | kubectl label --local -f - app=web -o yaml | kubectl apply -f - && kubectl apply -f web.yaml --prune -l app=web --prune-allowlist=core/v1/ConfigMap',
    /configmap\/old pruned/,
  ),
  line('applies a kustomization', 'kubectl apply -k kustom', /made-generated created/),
  line('renders a kustomization', 'kubectl kustomize kustom', /name: made-generated/),
]

export const change = [
  line(
    'edits',
    'KUBE_EDITOR="sed -i s/hello/edited/" kubectl edit cm greeting && kubectl get cm greeting -o jsonpath={.data.text}',
    /edited$/,
  ),
  line(
    'patches by strategic merge',
    `kubectl patch deployment web -p '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"A","value":"b"}]}]}}}}' && kubectl get deployment web -o jsonpath='{..containers[*].image}'`,
    /flotilla-test/,
  ),
  line(
    'patches by JSON merge',
    `kubectl patch cm greeting --type=merge -p '{"data":{"text":null,"more":"x"}}' -o jsonpath={.data}`,
    /^\{"more":"x"\}$/,
  ),
  line(
    'patches by JSON patch',
    `kubectl patch cm greeting --type=json -p '[{"op":"test","path":"/data/more","value":"x"},{"op":"add","path":"/data/text","value":"y"}]' -o jsonpath={.data.text}`,
    /^y$/,
  ),
  line(
    'shows the scale of a workload',
    'kubectl get deployment web --subresource=scale',
    /^NAME +DESIRED +AVAILABLE +AGE\nweb +\d/,
  ),
  line(
    'patches a subresource',
    `kubectl patch deployment web --subresource=scale --type=merge -p '{"spec":{"replicas":1}}'`,
    /scaled|patched/,
  ),
  line(
    'replaces',
    'kubectl get cm greeting -o yaml | sed "s/more: x/more: z/" | kubectl replace -f - && kubectl get cm greeting -o jsonpath={.data.more}',
    /z$/,
  ),
  line(
    'tells that it has changed meanwhile',
    'kubectl get cm greeting -o yaml > old.yaml && kubectl annotate cm greeting now=then && kubectl replace -f old.yaml 2>&1; test $? = 1',
    /\(Conflict\).*the object has been modified/,
  ),
  line(
    'replaces by deletion',
    'kubectl create cm forced --from-literal=a=b && kubectl get cm forced -o yaml | kubectl replace --force -f -',
    /deleted[^]*forced replaced/,
  ),
  line('labels', 'kubectl label cm greeting tier=a && kubectl get cm -l tier=a -L tier', /^greeting +\d+ +\S+ +a$/m),
  line(
    'does not overwrite a label unasked',
    'kubectl label cm greeting tier=b 2>&1; kubectl label cm greeting tier=b --overwrite --resource-version=1 2>&1; kubectl label cm greeting tier=b --overwrite',
    /already has a value[^]*\(Conflict\)[^]*labeled/,
  ),
  line(
    'lists and removes labels',
    'kubectl label cm greeting --list && kubectl label cm --all tier-',
    /tier=b[^]*greeting unlabeled/,
  ),
  line(
    'annotates',
    'kubectl annotate cm greeting note=x && kubectl annotate cm greeting note=y --overwrite && kubectl annotate cm greeting --list && kubectl annotate cm greeting note-',
    /note=y/,
  ),
  line(
    'sets the image, environment and resources',
    'kubectl create cm env --from-literal=K=v && kubectl set env deployment/web --from=configmap/env C=d && kubectl set env deployment/web --list && kubectl set resources deployment/web --limits=memory=64Mi --requests=cpu=1m && kubectl set image deployment/web "*=$IMAGE" --record=false',
    /C=d/,
  ),
  line(
    'sets the account, the selector and the subject',
    'kubectl create sa sa && kubectl set sa deployment/web sa && kubectl set selector svc s1 a=b && kubectl create role r --verb=get --resource=pods && kubectl create rolebinding rb --role=r --user=a && kubectl set subject rolebinding rb --user=b -o jsonpath={.subjects[*].name}',
    /a b$/,
  ),
]
