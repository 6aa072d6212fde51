// Every kind that is built in, by a valid object of each: what the server answers in protobuf is what it answers in JSON.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/diff"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

func everyKind(e env) error {
	resources, err := kept(e.typed.Discovery())
	if err != nil {
		return err
	}
	file, err := os.ReadFile(os.Getenv("SAMPLES"))
	if err != nil {
		return err
	}
	var problems []string
	shown := sets.New[schema.GroupVersionKind]()
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(file)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		document = bytes.ReplaceAll(document, []byte("namespace: judge"), []byte("namespace: "+e.namespace))
		object, kind, err := scheme.Codecs.UniversalDeserializer().Decode(document, nil, nil)
		if runtime.IsNotRegisteredError(err) {
			continue // not of client-go
		}
		if err != nil {
			return err
		}
		resource, found := resources[*kind]
		if !found {
			problems = append(problems, fmt.Sprintf("%v is not served", kind))
			continue
		}
		shown.Insert(*kind)
		if err := sameInBoth(e, *kind, resource, object); err != nil {
			problems = append(problems, fmt.Sprintf("%s: %v", kind.Kind, err))
		}
	}
	for kind := range resources {
		if !shown.Has(kind) {
			problems = append(problems, fmt.Sprintf("no object of %v", kind))
		}
	}
	if len(problems) > 0 {
		return errors.New(strings.ReplaceAll(strings.Join(problems, "; "), "\n", " "))
	}
	return nil
}

// Those kinds of client-go whose objects are kept.
func kept(client discovery.DiscoveryInterface) (map[schema.GroupVersionKind]metav1.APIResource, error) {
	_, lists, err := client.ServerGroupsAndResources()
	if err != nil {
		return nil, err
	}
	found := map[schema.GroupVersionKind]metav1.APIResource{}
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, resource := range list.APIResources {
			kind := version.WithKind(resource.Kind)
			verbs := sets.New(resource.Verbs...)
			if !strings.Contains(resource.Name, "/") && verbs.HasAll("create", "list") && scheme.Scheme.Recognizes(kind) {
				found[kind] = resource
			}
		}
	}
	return found, nil
}

func sameInBoth(e env, kind schema.GroupVersionKind, resource metav1.APIResource, object runtime.Object) error {
	if err := clean(object); err != nil {
		return err
	}
	asJSON, err := created(e, runtime.ContentTypeJSON, kind, resource, object)
	if err != nil {
		return err
	}
	binary, err := created(e, runtime.ContentTypeProtobuf, kind, resource, object)
	if err != nil {
		return err
	}
	if asJSON != binary {
		return errors.New(diff.Diff(asJSON, binary))
	}
	return nil
}

// What the server makes of it, without keeping it; as JSON, with what is another one every time taken out.
func created(e env, contentType string, kind schema.GroupVersionKind, resource metav1.APIResource, object runtime.Object) (string, error) {
	config := rest.CopyConfig(e.config)
	version := kind.GroupVersion()
	config.GroupVersion = &version
	config.ContentType, config.AcceptContentTypes = contentType, contentType
	config.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	config.APIPath = "/apis"
	if kind.Group == "" {
		config.APIPath = "/api"
	}
	client, err := rest.RESTClientFor(config)
	if err != nil {
		return "", err
	}
	made, err := scheme.Scheme.New(kind)
	if err != nil {
		return "", err
	}
	options := &metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldManager: "go"}
	err = client.Post().NamespaceIfScoped(e.namespace, resource.Namespaced).Resource(resource.Name).
		VersionedParams(options, scheme.ParameterCodec).Body(object).Do(context.WithoutCancel(e.ctx)).Into(made)
	if err != nil {
		return "", err
	}
	fields, err := meta.Accessor(made)
	if err != nil {
		return "", err
	}
	uid := string(fields.GetUID())
	if err := clean(made); err != nil {
		return "", err
	}
	text, err := json.Marshal(made)
	if err != nil {
		return "", err
	}
	return volumeOfToken.ReplaceAllString(strings.ReplaceAll(string(text), uid, "UID"), "kube-api-access"), nil
}

var volumeOfToken = regexp.MustCompile("kube-api-access-[a-z0-9]{5}")

func clean(object runtime.Object) error {
	object.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{})
	fields, err := meta.Accessor(object)
	if err != nil {
		return err
	}
	fields.SetNamespace("")
	fields.SetUID("")
	fields.SetResourceVersion("")
	fields.SetCreationTimestamp(metav1.Time{})
	owners := fields.GetManagedFields()
	for i := range owners {
		owners[i].Time = nil
	}
	fields.SetManagedFields(owners)
	if set, ok := object.(*appsv1.StatefulSet); ok {
		for i := range set.Spec.VolumeClaimTemplates {
			set.Spec.VolumeClaimTemplates[i].TypeMeta = metav1.TypeMeta{} // protobuf has none there
		}
	}
	if service, ok := object.(*corev1.Service); ok && service.Spec.ClusterIP != corev1.ClusterIPNone {
		service.Spec.ClusterIP, service.Spec.ClusterIPs, service.Spec.HealthCheckNodePort = "", nil, 0
		for i := range service.Spec.Ports {
			service.Spec.Ports[i].NodePort = 0
		}
	}
	return nil
}
