// Two pods behind a Service, which say hello over HTTP out of a volume in memory.

export interface WebParts {
  /** Of the Service; absent = it has none. */
  readonly nodePort?: number
  /** YAML, one a line: what is mounted besides, and where from. */
  readonly mounts?: readonly string[]
  readonly volumes?: readonly string[]
}

const items = (lines: readonly string[], indent: number) =>
  lines.map(line => `\n${' '.repeat(indent)}- ${line}`).join('')

/** @param image has busybox */
export const webManifest = (image: string, { nodePort, mounts = [], volumes = [] }: WebParts = {}): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: web
          image: '${image}'
          imagePullPolicy: Never
          command: [sh, -c, 'echo started; echo hello > /ram/index.html; exec busybox httpd -f -p 8080 -h /ram']
          resources: { limits: { cpu: 200m, memory: 64Mi } }
          readinessProbe: { periodSeconds: 1, httpGet: { port: 8080, path: / } }
          volumeMounts:
            - { name: ram, mountPath: /ram }${items(mounts, 12)}
      volumes:
        - { name: ram, emptyDir: { medium: Memory } }${items(volumes, 8)}
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  type: ${nodePort === undefined ? 'ClusterIP' : 'NodePort'}
  selector: { app: web }
  ports: [{ port: 80, targetPort: 8080${nodePort === undefined ? '' : `, nodePort: ${nodePort}`} }]
`

/** The API server's certificate, in one file. */
export const CA_FILE = {
  mount: '{ name: ca, mountPath: /ca, subPath: ca.crt }',
  volume: '{ name: ca, configMap: { name: kube-root-ca.crt } }',
}
