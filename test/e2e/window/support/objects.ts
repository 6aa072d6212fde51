// An object of each kind that people make, which belong together; the boats are of a definition.
export const OBJECTS = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: main, image: 'web:1', envFrom: [{configMapRef: {name: settings}}], env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: login, key: password}}}]}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080, nodePort: 30180}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: front}
spec:
  tls: [{hosts: [shop.example], secretName: login}]
  rules: [{host: shop.example, http: {paths: [{path: /tea, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress, Egress]
  ingress: [{from: [{podSelector: {matchLabels: {app: cart}}}], ports: [{port: 80}]}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 5
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: disk}
spec: {capacity: {storage: 2Gi}, accessModes: [ReadWriteOnce], persistentVolumeReclaimPolicy: Retain, storageClassName: '', hostPath: {path: /srv/disk}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], storageClassName: '', resources: {requests: {storage: 1Gi}}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: slow}
provisioner: example.dev/slow
reclaimPolicy: Retain
volumeBindingMode: WaitForFirstConsumer
parameters: {tier: cold}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: amber}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
stringData: {password: hunter2}
---
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec: {completions: 2, parallelism: 2, backoffLimit: 3, activeDeadlineSeconds: 600, template: {spec: {restartPolicy: Never, containers: [{name: main, image: 'job:1'}]}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec: {schedule: '0 3 * * *', timeZone: Europe/Berlin, concurrencyPolicy: Forbid, jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: 'night:1'}]}}}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: db}}
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: main, image: 'db:1'}]}}
  volumeClaimTemplates: [{metadata: {name: files}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 3Gi}}}}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec: {selector: {matchLabels: {app: agent}}, template: {metadata: {labels: {app: agent}}, spec: {containers: [{name: main, image: 'agent:1'}]}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: [{apiGroups: [''], resources: [pods, pods/log], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: readers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: robot, namespace: default}, {kind: User, name: ada, apiGroup: rbac.authorization.k8s.io}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: robot}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: small}
spec: {hard: {configmaps: '9'}}
---
apiVersion: v1
kind: LimitRange
metadata: {name: modest}
spec: {limits: [{type: Container, default: {cpu: 500m}}]}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: first}
value: 1000
description: those that come first
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.example.dev}
spec:
  group: example.dev
  scope: Namespaced
  names: {plural: boats, singular: boat, kind: Boat, shortNames: [bt]}
  versions:
    - name: v1
      served: true
      storage: true
      additionalPrinterColumns: [{name: Sails, type: integer, jsonPath: .spec.sails}, {name: Rig, type: string, jsonPath: .spec.rig}]
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {sails: {type: integer}, rig: {type: string}}}}}}`
export const BOAT = `
apiVersion: example.dev/v1
kind: Boat
metadata: {name: erna}
spec: {sails: 3, rig: ketch}`
/** A machine that is not there, its node, and a pod that was placed on it. */
export const SILENT = `
apiVersion: v1
kind: Node
metadata: {name: box}
spec: {taints: [{key: apart, effect: NoSchedule}]}
---
apiVersion: flotilla.dev/v1
kind: Host
metadata: {name: box}
spec: {address: 'root@127.0.0.1:9', nodeName: box}
---
apiVersion: v1
kind: Pod
metadata: {name: half}
spec: {nodeName: box, containers: [{name: main, image: 'half:1'}]}`
/** @param uid of the boat */
export const ownedBy = (uid: string) => `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: hull
  ownerReferences: [{apiVersion: example.dev/v1, kind: Boat, name: erna, uid: ${uid}, controller: true}]
spec:
  replicas: 0
  selector: {matchLabels: {app: hull}}
  template: {metadata: {labels: {app: hull}}, spec: {containers: [{name: main, image: 'hull:1'}]}}`
