// A program of client-go as an operator's author would write it: each check prints "ok <name>" or "FAIL <name>: why".
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	coreac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/pager"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/client-go/util/retry"
)

const deadline = 30 * time.Second

type env struct {
	ctx       context.Context
	config    *rest.Config
	typed     *kubernetes.Clientset
	dynamic   dynamic.Interface
	namespace string
	pod       string
}

func main() {
	namespace, pod := os.Args[1], os.Args[2]
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	must(err)
	config.QPS, config.Burst = 200, 400
	binary := rest.CopyConfig(config)
	binary.ContentType = runtime.ContentTypeProtobuf
	binary.AcceptContentTypes = runtime.ContentTypeProtobuf
	typed, err := kubernetes.NewForConfig(binary)
	must(err)
	dyn, err := dynamic.NewForConfig(config)
	must(err)
	failed := false
	check := func(name string, test func(env) error) {
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		defer cancel()
		if err := test(env{ctx, config, typed, dyn, namespace, pod}); err != nil {
			failed = true
			fmt.Printf("FAIL %s: %v\n", name, err)
			return
		}
		fmt.Printf("ok %s\n", name)
	}
	check("protobuf", protobuf)
	check("everykind", everyKind)
	check("conflict", conflict)
	check("pager", pages)
	check("watch", watches)
	check("informer", informer)
	check("apply", apply)
	check("elect", elect)
	check("events", events)
	check("discovery", discover)
	check("metadata", onlyMetadata)
	if pod != "" {
		check("exec", exec)
		check("logs", logs)
		check("portforward", forward)
	}
	if failed {
		os.Exit(1)
	}
}

func must(err error) {
	if err != nil {
		fmt.Println("FAIL setup:", err)
		os.Exit(1)
	}
}

func protobuf(e env) error {
	replicas := int32(0)
	wanted := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "binary", Labels: map[string]string{"go": "yes"}},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "binary"}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "binary"}},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i:1", Env: []corev1.EnvVar{{Name: "A", Value: "ü€😀"}}}}},
			},
		},
	}
	made, err := e.typed.AppsV1().Deployments(e.namespace).Create(e.ctx, wanted, metav1.CreateOptions{FieldManager: "go"})
	if err != nil {
		return err
	}
	if made.Spec.Template.Spec.Containers[0].Env[0].Value != "ü€😀" || *made.Spec.Replicas != 0 || made.UID == "" {
		return fmt.Errorf("created differs: %+v", made)
	}
	if made.Spec.Template.Spec.TerminationGracePeriodSeconds == nil || made.Spec.Strategy.RollingUpdate == nil {
		return fmt.Errorf("defaults are missing: %+v", made.Spec)
	}
	err = retry.RetryOnConflict(retry.DefaultRetry, func() error {
		now, err := e.typed.AppsV1().Deployments(e.namespace).Get(e.ctx, "binary", metav1.GetOptions{})
		if err != nil {
			return err
		}
		now.Spec.Template.Spec.Containers[0].Image = "i:2"
		_, err = e.typed.AppsV1().Deployments(e.namespace).Update(e.ctx, now, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		return err
	}
	patched, err := e.typed.AppsV1().Deployments(e.namespace).Patch(e.ctx, "binary", types.StrategicMergePatchType,
		[]byte(`{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"i:3"}]}}}}`), metav1.PatchOptions{})
	if err != nil {
		return err
	}
	if patched.Spec.Template.Spec.Containers[0].Image != "i:3" || len(patched.Spec.Template.Spec.Containers[0].Env) != 1 {
		return fmt.Errorf("patched differs: %+v", patched.Spec.Template.Spec)
	}
	// The controller writes the status meanwhile.
	err = retry.RetryOnConflict(retry.DefaultRetry, func() error {
		scale, err := e.typed.AppsV1().Deployments(e.namespace).GetScale(e.ctx, "binary", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if scale.Status.Selector != "app=binary" {
			return fmt.Errorf("scale selector %q", scale.Status.Selector)
		}
		_, err = e.typed.AppsV1().Deployments(e.namespace).UpdateScale(e.ctx, "binary", scale, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		return err
	}
	foreground := metav1.DeletePropagationForeground
	return e.typed.AppsV1().Deployments(e.namespace).Delete(e.ctx, "binary",
		metav1.DeleteOptions{PropagationPolicy: &foreground, Preconditions: &metav1.Preconditions{UID: &made.UID}})
}

func conflict(e env) error {
	maps := e.typed.CoreV1().ConfigMaps(e.namespace)
	one, err := maps.Create(e.ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "conflict-"}, BinaryData: map[string][]byte{"b": {0, 255}}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	stale := one.DeepCopy()
	one.Data = map[string]string{"a": "b"}
	if _, err := maps.Update(e.ctx, one, metav1.UpdateOptions{}); err != nil {
		return err
	}
	if _, err := maps.Update(e.ctx, stale, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
		return fmt.Errorf("stale update: %v", err)
	}
	if _, err := maps.Create(e.ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: one.Name}}, metav1.CreateOptions{}); !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("second create: %v", err)
	}
	if _, err := maps.Get(e.ctx, "absent", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		return fmt.Errorf("absent: %v", err)
	}
	_, err = maps.Create(e.ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "Bad_Name"}}, metav1.CreateOptions{})
	if !apierrors.IsInvalid(err) || !apierrors.HasStatusCause(err, metav1.CauseTypeFieldValueInvalid) {
		return fmt.Errorf("bad name: %v", err)
	}
	return nil
}

func pages(e env) error {
	maps := e.typed.CoreV1().ConfigMaps(e.namespace)
	for i := range 25 {
		if _, err := maps.Create(e.ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("page-%02d", i), Labels: map[string]string{"pages": "yes"}}}, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	seen, calls := 0, 0
	p := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		calls++
		return maps.List(ctx, options)
	})
	p.PageSize = 10
	if err := p.EachListItem(e.ctx, metav1.ListOptions{LabelSelector: "pages=yes"}, func(runtime.Object) error { seen++; return nil }); err != nil {
		return err
	}
	if seen != 25 || calls != 3 {
		return fmt.Errorf("%d items in %d calls", seen, calls)
	}
	if err := maps.DeleteCollection(e.ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "pages=yes"}); err != nil {
		return err
	}
	left, err := maps.List(e.ctx, metav1.ListOptions{LabelSelector: "pages=yes"})
	if err != nil || len(left.Items) != 0 {
		return fmt.Errorf("left: %d, %v", len(left.Items), err)
	}
	return nil
}

func watches(e env) error {
	maps := e.typed.CoreV1().ConfigMaps(e.namespace)
	list, err := maps.List(e.ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	w, err := maps.Watch(e.ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion, LabelSelector: "w=1", FieldSelector: fields.OneTermEqualSelector("metadata.name", "watched").String()})
	if err != nil {
		return err
	}
	defer w.Stop()
	made, err := maps.Create(e.ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "watched", Labels: map[string]string{"w": "1"}}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	made.Data = map[string]string{"k": "v"}
	made, err = maps.Update(e.ctx, made, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	made.Labels = nil
	if _, err = maps.Update(e.ctx, made, metav1.UpdateOptions{}); err != nil {
		return err
	}
	for _, wanted := range []watch.EventType{watch.Added, watch.Modified, watch.Deleted} {
		select {
		case got := <-w.ResultChan():
			if got.Type != wanted {
				return fmt.Errorf("%s instead of %s: %+v", got.Type, wanted, got.Object)
			}
		case <-e.ctx.Done():
			return fmt.Errorf("no %s", wanted)
		}
	}
	return nil
}

func informer(e env) error {
	gvr := schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(e.dynamic, 0, e.namespace, nil)
	seen := make(chan string, 100)
	inf := factory.ForResource(gvr).Informer()
	inf.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: func(o any) { seen <- o.(*unstructured.Unstructured).GetName() }})
	factory.Start(e.ctx.Done())
	if !cache.WaitForCacheSync(e.ctx.Done(), inf.HasSynced) {
		return fmt.Errorf("never synced")
	}
	object := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "informed"}}}
	if _, err := e.dynamic.Resource(gvr).Namespace(e.namespace).Create(e.ctx, object, metav1.CreateOptions{}); err != nil {
		return err
	}
	for {
		select {
		case name := <-seen:
			if name == "informed" {
				return nil
			}
		case <-e.ctx.Done():
			return fmt.Errorf("the informer never saw it")
		}
	}
}

func apply(e env) error {
	maps := e.typed.CoreV1().ConfigMaps(e.namespace)
	mine := coreac.ConfigMap("applied", e.namespace).WithData(map[string]string{"a": "1", "b": "2"}).WithLabels(map[string]string{"l": "1"})
	if _, err := maps.Apply(e.ctx, mine, metav1.ApplyOptions{FieldManager: "one"}); err != nil {
		return err
	}
	_, err := maps.Apply(e.ctx, coreac.ConfigMap("applied", e.namespace).WithData(map[string]string{"a": "9"}), metav1.ApplyOptions{FieldManager: "two"})
	if !apierrors.IsConflict(err) || !strings.Contains(err.Error(), `conflict with "one": .data.a`) {
		return fmt.Errorf("conflict: %v", err)
	}
	after, err := maps.Apply(e.ctx, coreac.ConfigMap("applied", e.namespace).WithData(map[string]string{"a": "9"}), metav1.ApplyOptions{FieldManager: "two", Force: true})
	if err != nil {
		return err
	}
	extracted, err := coreac.ExtractConfigMap(after, "one")
	if err != nil {
		return err
	}
	if len(extracted.Data) != 1 || extracted.Data["b"] != "2" {
		return fmt.Errorf("extracted %v", extracted.Data)
	}
	after, err = maps.Apply(e.ctx, coreac.ConfigMap("applied", e.namespace), metav1.ApplyOptions{FieldManager: "one"})
	if err != nil {
		return err
	}
	if len(after.Data) != 1 || len(after.Labels) != 0 {
		return fmt.Errorf("after giving up fields: %v %v", after.Data, after.Labels)
	}
	return nil
}

func elect(e env) error {
	lock := &resourcelock.LeaseLock{LeaseMeta: metav1.ObjectMeta{Name: "leader", Namespace: e.namespace}, Client: e.typed.CoordinationV1(), LockConfig: resourcelock.ResourceLockConfig{Identity: "me"}}
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	led := false
	leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
		Lock: lock, ReleaseOnCancel: true, LeaseDuration: 3 * time.Second, RenewDeadline: 2 * time.Second, RetryPeriod: 200 * time.Millisecond,
		Callbacks: leaderelection.LeaderCallbacks{OnStartedLeading: func(context.Context) { led = true; time.Sleep(500 * time.Millisecond); cancel() }, OnStoppedLeading: func() {}},
	})
	lease, err := e.typed.CoordinationV1().Leases(e.namespace).Get(e.ctx, "leader", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if !led || *lease.Spec.HolderIdentity != "" || lease.Spec.RenewTime == nil {
		return fmt.Errorf("led %v, lease %+v", led, lease.Spec)
	}
	return nil
}

func events(e env) error {
	object, err := e.typed.CoreV1().ConfigMaps(e.namespace).Get(e.ctx, "applied", metav1.GetOptions{})
	if err != nil {
		return err
	}
	broadcaster := record.NewBroadcaster()
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&recordSink{e.typed, e.namespace})
	recorder := broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "go"})
	for range 3 {
		recorder.Event(object, corev1.EventTypeNormal, "Seen", "three times")
	}
	for e.ctx.Err() == nil {
		list, err := e.typed.CoreV1().Events(e.namespace).List(e.ctx, metav1.ListOptions{FieldSelector: "reason=Seen,involvedObject.name=applied"})
		if err != nil {
			return err
		}
		if len(list.Items) == 1 && list.Items[0].Count == 3 {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("no event with count 3")
}

type recordSink struct {
	typed     kubernetes.Interface
	namespace string
}

func (s *recordSink) Create(event *corev1.Event) (*corev1.Event, error) {
	return s.typed.CoreV1().Events(s.namespace).CreateWithEventNamespaceWithContext(context.Background(), event)
}
func (s *recordSink) Update(event *corev1.Event) (*corev1.Event, error) {
	return s.typed.CoreV1().Events(s.namespace).UpdateWithEventNamespaceWithContext(context.Background(), event)
}
func (s *recordSink) Patch(event *corev1.Event, data []byte) (*corev1.Event, error) {
	return s.typed.CoreV1().Events(s.namespace).PatchWithEventNamespaceWithContext(context.Background(), event, data)
}

func discover(e env) error {
	groups, lists, err := e.typed.Discovery().ServerGroupsAndResources()
	if err != nil {
		return err
	}
	if len(groups) < 10 || len(lists) < 10 {
		return fmt.Errorf("%d groups, %d lists", len(groups), len(lists))
	}
	mapper := restmapper.NewShortcutExpander(restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(e.typed.Discovery())), e.typed.Discovery(), nil)
	for short, kind := range map[string]string{"deploy": "Deployment", "po": "Pod", "hpa": "HorizontalPodAutoscaler", "sc": "StorageClass"} {
		gvk, err := mapper.KindFor(schema.GroupVersionResource{Resource: short})
		if err != nil || gvk.Kind != kind {
			return fmt.Errorf("%s is %v: %v", short, gvk, err)
		}
	}
	paths, err := e.typed.Discovery().OpenAPIV3().Paths()
	if err != nil {
		return err
	}
	if _, err := paths["apis/apps/v1"].Schema(runtime.ContentTypeJSON); err != nil {
		return fmt.Errorf("openapi v3: %w", err)
	}
	_, err = e.typed.Discovery().ServerVersion()
	return err
}

func onlyMetadata(e env) error {
	client, err := metadata.NewForConfig(e.config)
	if err != nil {
		return err
	}
	gvr := schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	list, err := client.Resource(gvr).Namespace(e.namespace).List(e.ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if len(list.Items) == 0 || list.Items[0].Name == "" {
		return fmt.Errorf("%d items", len(list.Items))
	}
	_, err = client.Resource(gvr).Namespace(e.namespace).Patch(e.ctx, "applied", types.MergePatchType, []byte(`{"metadata":{"labels":{"m":"1"}}}`), metav1.PatchOptions{})
	return err
}

func exec(e env) error {
	url := e.typed.CoreV1().RESTClient().Post().Resource("pods").Name(e.pod).Namespace(e.namespace).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Command: []string{"sh", "-c", "cat; echo err >&2; exit 3"}, Stdin: true, Stdout: true, Stderr: true}, scheme.ParameterCodec).URL()
	for _, kind := range []string{"websocket", "spdy"} {
		var executor remotecommand.Executor
		var err error
		if kind == "spdy" {
			executor, err = remotecommand.NewSPDYExecutor(e.config, "POST", url)
		} else {
			executor, err = remotecommand.NewWebSocketExecutor(e.config, "GET", url.String())
		}
		if err != nil {
			return err
		}
		var out, problems bytes.Buffer
		input := strings.Repeat("x", 300_000)
		err = executor.StreamWithContext(e.ctx, remotecommand.StreamOptions{Stdin: strings.NewReader(input), Stdout: &out, Stderr: &problems})
		if err == nil || !strings.Contains(err.Error(), "exit code 3") {
			return fmt.Errorf("%s: %v", kind, err)
		}
		if out.String() != input || problems.String() != "err\n" {
			return fmt.Errorf("%s: %d bytes out, stderr %q", kind, out.Len(), problems.String())
		}
	}
	return nil
}

func logs(e env) error {
	lines := int64(1)
	stream, err := e.typed.CoreV1().Pods(e.namespace).GetLogs(e.pod, &corev1.PodLogOptions{TailLines: &lines, Timestamps: true}).Stream(e.ctx)
	if err != nil {
		return err
	}
	defer stream.Close()
	text, err := io.ReadAll(stream)
	if err == nil && !strings.HasSuffix(string(text), " serving\n") {
		err = fmt.Errorf("logs %q", text)
	}
	return err
}

func forward(e env) error {
	url := e.typed.CoreV1().RESTClient().Post().Resource("pods").Name(e.pod).Namespace(e.namespace).SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(e.config)
	if err != nil {
		return err
	}
	stop, ready := make(chan struct{}), make(chan struct{})
	defer close(stop)
	forwarder, err := portforward.New(spdy.NewDialer(upgrader, &http.Client{Transport: transport}, "POST", url), []string{"0:8080"}, stop, ready, io.Discard, os.Stderr)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
	case err := <-done:
		return err
	}
	ports, err := forwarder.GetPorts()
	if err != nil {
		return err
	}
	results := make(chan error, 8)
	for range 8 {
		go func() {
			answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", ports[0].Local))
			if err == nil {
				defer answer.Body.Close()
				var text []byte
				text, err = io.ReadAll(answer.Body)
				if err == nil && !strings.Contains(string(text), "hello") {
					err = fmt.Errorf("answer %q", text)
				}
			}
			results <- err
		}()
	}
	for range 8 {
		if err := <-results; err != nil {
			return err
		}
	}
	return nil
}
