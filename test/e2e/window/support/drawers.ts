// Drawers of the objects of `objects.ts`: what they tell.

/** Of an object: where it is, and what its drawer says that matters of its kind. */
export const DRAWERS: readonly (readonly [place: string, key: string, told: readonly (string | RegExp)[]])[] = [
  ['core/v1/persistentvolumes', 'disk', ['Capacity 2Gi', 'When released Retain', 'At /srv/disk', /Bound to PersistentVolumeClaim data/]], // prettier-ignore
  ['core/v1/persistentvolumeclaims', 'default/data', ['Asks for 1Gi', 'Has 2Gi', 'Access ReadWriteOnce', /Bound to PersistentVolume disk/, /Used by Deployment web/]], // prettier-ignore
  ['autoscaling/v2/horizontalpodautoscalers', 'default/web', ['Scales Deployment web', 'between 2 and 5', 'Aims at cpu at 80%']], // prettier-ignore
  ['policy/v1/poddisruptionbudgets', 'default/web', ['Keeps at least 1 there', 'May be evicted now 0', 'Selector app=web']], // prettier-ignore
  ['networking.k8s.io/v1/networkpolicies', 'default/closed', ['Applies to app=web', 'Restricts Ingress and Egress', 'Allowed in app=cart here, on TCP 80', 'Allowed out nothing at all', /Deployment web/]], // prettier-ignore
  ['networking.k8s.io/v1/ingresses', 'default/front', ['shop.example by login', 'shop.example/tea (Prefix) → web:80', /Leads to Service web/, /Uses Secret login/]], // prettier-ignore
  ['batch/v1/jobs', 'default/once', ['Completions 0 of 2', 'At once 2', 'Deadline 600', 'Images job:1']],
  ['batch/v1/cronjobs', 'default/nightly', ['Schedule 0 3 * * *', 'Time zone Europe/Berlin', 'When the last still runs skip', /Next run \d/, 'Images night:1']], // prettier-ignore
  ['apps/v1/statefulsets', 'default/db', ['0 ready of 2', 'Service db', 'Order Parallel', 'Volume claims files 3Gi']],
  ['apps/v1/daemonsets', 'default/agent', ['0 ready of 0', 'Update RollingUpdate', 'Images agent:1']],
  ['apps/v1/deployments', 'default/web', [/Reached through Ingress front/, /Service web/, /Governed by NetworkPolicy closed/, /Scaled by HorizontalPodAutoscaler web/, /ConfigMap settings/, /Secret login/]], // prettier-ignore
  ['core/v1/services', 'default/web', [/NodePort/, '30180', /8080/, /app=web/, /Leads to Deployment web/]],
  ['rbac.authorization.k8s.io/v1/roles', 'default/reader', ['pods, pods/log', 'get, list', /Given by RoleBinding readers/]], // prettier-ignore
  ['rbac.authorization.k8s.io/v1/rolebindings', 'default/readers', ['Grants Role reader', /Given to .*robot/, /ada/]],
  ['core/v1/serviceaccounts', 'default/robot', ['Token in pods yes', /Is given Role reader/]],
  ['core/v1/configmaps', 'default/settings', ['color', 'amber', /Used by Deployment web/]],
  ['core/v1/resourcequotas', 'default/small', [/configmaps \d of 9/]],
  ['core/v1/limitranges', 'default/modest', ['Container default cpu 500m']],
  ['storage.k8s.io/v1/storageclasses', 'slow', ['Provisioner example.dev/slow', 'When released Retain', 'when a pod uses them', 'tier cold']], // prettier-ignore
  ['scheduling.k8s.io/v1/priorityclasses', 'first', ['Value 1000', 'those that come first']],
  ['apiextensions.k8s.io/v1/customresourcedefinitions', 'boats.example.dev', ['Kind Boat', 'Group example.dev', 'v1 · stored', 'Short names bt']], // prettier-ignore
  ['example.dev/v1/boats', 'default/erna', ['sails 3', 'rig ketch']],
]
