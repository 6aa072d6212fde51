// Names of resources that pods request: `cpu`, `hugepages-2Mi`, `example.com/gpu`.

/** Kubernetes' own resources, as opposed to those of devices. */
export const isNativeResource = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/')
