// Starts the interface, or says in words why this browser cannot run it.
(function () {
  "use strict";
  var names = document.currentScript.dataset;
  var page = document.documentElement;

  function explain(text) {
    page.dataset.app = "unsupported";
    var message = document.querySelector(".boot");
    message.id = "unsupported";
    message.setAttribute("role", "alert");
    message.textContent = text;
  }

  // The smallest module that uses a 128-bit vector.
  var simd = new Uint8Array([
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
  ]);
  var missing = [];
  if (typeof WebAssembly !== "object") missing.push("WebAssembly");
  else if (!WebAssembly.validate(simd)) missing.push("WebAssembly SIMD");
  if (typeof Worker !== "function") missing.push("web workers");
  if (missing.length > 0) {
    explain(
      "RepGeo cannot run here: this browser lacks " + missing.join(" and ") +
        ". Open the page in a current Firefox, Chrome, Edge or Safari."
    );
    return;
  }

  // Resolved against the page, since import() resolves against this script.
  import(new URL(names.js, document.baseURI))
    .then(function (app) {
      return app.default({ module_or_path: new URL(names.wasm, document.baseURI) });
    })
    .catch(function (error) {
      explain("RepGeo could not start: " + error + ". Reload the page; if that does not help, its files may be incomplete.");
    });
})();
