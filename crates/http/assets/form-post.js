// Sends the response to the application at once; the button is for browsers without scripts.
document.getElementById("form-post").submit();
