// The description of the service's addresses, drawn by Swagger UI.
/* global SwaggerUIBundle */
SwaggerUIBundle({
  url: "openapi.json",
  domNode: document.getElementById("docs"),
  deepLinking: true,
  validatorUrl: null, // it would ask another host
});
