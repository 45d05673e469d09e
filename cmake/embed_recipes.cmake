# Builds the recipe files into the library: recipes.cpp, a table of (name, text), from dagan/recipe/recipes.
file(GLOB DAGAN_RECIPES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/dagan/recipe/recipes/*.toml)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${DAGAN_RECIPES})
set(DAGAN_RECIPE_ROWS "")
foreach(recipe IN LISTS DAGAN_RECIPES)
  get_filename_component(name ${recipe} NAME_WE)
  file(READ ${recipe} content)
  string(APPEND DAGAN_RECIPE_ROWS "    {\"${name}\", R\"toml(${content})toml\"},\n")
endforeach()
configure_file(${CMAKE_CURRENT_LIST_DIR}/recipes.cpp.in ${PROJECT_BINARY_DIR}/generated/recipes.cpp
               @ONLY)
target_sources(dagan PRIVATE ${PROJECT_BINARY_DIR}/generated/recipes.cpp)
