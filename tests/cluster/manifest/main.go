// Reads a manifest by the types of Kubernetes, and refuses fields that they do not have.
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

var kinds = map[string]func() any{
	"apps/v1 Deployment": func() any { return &appsv1.Deployment{} },
	"v1 ConfigMap":       func() any { return &corev1.ConfigMap{} },
}

func main() {
	log.SetFlags(0)
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal(document, &kind); err != nil {
			log.Fatal(err)
		}
		name := kind.APIVersion + " " + kind.Kind
		object, known := kinds[name]
		if !known {
			log.Fatalf("unknown kind: %s", name)
		}
		if err := yaml.UnmarshalStrict(document, object()); err != nil {
			log.Fatalf("%s: %v", name, err)
		}
		fmt.Println(name)
	}
}
