// Objects of the kinds whose drawers show more than what every object has; some are well, some are not.

/** @param image of a container that counts aloud @returns manifests */
export const ONE_OF_EACH = (image: string): string => {
  const container = `{name: main, image: '${image}', imagePullPolicy: IfNotPresent}`
  const template = (app: string) =>
    `{metadata: {labels: {app: ${app}}}, spec: {terminationGracePeriodSeconds: 0, containers: [${container}]}}`
  const failing = (command: string) =>
    `{name: main, image: '${image}', imagePullPolicy: IfNotPresent, command: [sh, -c, '${command}']}`
  return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec: {replicas: 2, selector: {matchLabels: {app: shop}}, template: ${template('shop')}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: sick}
spec:
  selector: {matchLabels: {app: sick}}
  template: {metadata: {labels: {app: sick}}, spec: {containers: [${failing('exit 4')}]}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store}
spec: {serviceName: store, selector: {matchLabels: {app: store}}, template: ${template('store')}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: everywhere}
spec: {selector: {matchLabels: {app: everywhere}}, template: ${template('everywhere')}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec: {template: {spec: {restartPolicy: Never, containers: [${failing('exit 0')}]}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: 0 3 * * *
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [${failing('exit 0')}]}}}}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: front}
spec:
  rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}]}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut}
spec: {podSelector: {matchLabels: {app: store}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: site}
data: {text: hello}
binaryData: {bytes: AAEC/w==}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
stringData: {password: hunter2}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: waits}
spec: {accessModes: [ReadWriteOnce], storageClassName: none-such, resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: shelf}
spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], storageClassName: by-hand, hostPath: {path: /tmp/shelf}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
  minReplicas: 2
  maxReplicas: 3
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: shop}
spec: {minAvailable: 1, selector: {matchLabels: {app: shop}}}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: small}
spec: {hard: {configmaps: '5', services: '9'}}
---
apiVersion: v1
kind: LimitRange
metadata: {name: usual}
spec: {limits: [{type: Container, max: {memory: 8Gi}}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: [{apiGroups: [''], resources: [pods], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: ada-reads}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: User, name: ada, apiGroup: rbac.authorization.k8s.io}]
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.example.dev}
spec:
  group: example.dev
  scope: Namespaced
  names: {plural: boats, singular: boat, kind: Boat}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {sails: {type: integer}}}}}}
---
apiVersion: flotilla.dev/v1
kind: Host
metadata: {name: away}
spec: {address: 'ada@127.0.0.1:9'}
---
apiVersion: flotilla.dev/v1
kind: HostOperation
metadata: {name: away-check}
spec: {hostName: away, action: Check}
---
apiVersion: v1
kind: Pod
metadata: {name: broken}
spec: {containers: [${failing('echo no; exit 3')}]}`
}
